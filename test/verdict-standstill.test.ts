import { expect, test } from 'vitest'
import { parseJsonVerdict, parsePolished, parseTaggedVerdict } from '../workers/engines/parse-verdict.ts'

const read = (text: string) => ({ text, reasoning: '', isCut: false })

// What a thinker writes that repeats itself to its length limit; each once took the process seconds to minutes.
test.each([
  ['quotes that never close', `{"${'\\"'.repeat(200_000)}`],
  ['quotes that close', `{${'"a" '.repeat(40_000)}}`],
  ['apostrophes', `{${"'a".repeat(5_000)}}`],
  ['opening tags', '<answer>'.repeat(100_000)],
  ['spaces', `{"Rewritten": "a${' '.repeat(200_000)}b"}`],
])('an endless row of %s does not hold the process up', (_, text) => {
  const startedAt = performance.now()
  parseJsonVerdict(read(text))
  parseTaggedVerdict(read(text))
  parsePolished(read(text))
  expect(performance.now() - startedAt).toBeLessThan(3_000)
})

test('a broken object of a usual length is repaired, apostrophes and all', () => {
  const text = `{'is_satisfied': false, reason: "It's ${"the model's own ".repeat(100)}", 'new_rewritten_prompt': 'a "warm" sky',}`
  expect(parseJsonVerdict(read(text))).toMatchObject({ isSatisfied: false, refinedPrompt: 'a "warm" sky' })
})

test('a polished prompt of several lines comes on one', () => {
  expect(parsePolished(read('{"Rewritten": " a sky \\n\\n  with  clouds\\n"}'))).toBe('a sky with  clouds')
})
