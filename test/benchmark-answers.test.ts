import { describe, expect, it, test } from 'vitest'
import type { AnswerRules } from '../src/benchmarks/answers.ts'
import { callsOf } from '../src/benchmarks/calls-of.ts'
import { parseAnswer } from '../src/benchmarks/parse-answer.ts'
import { parseGedit } from '../src/benchmarks/parse-gedit.ts'
import { parseImgedit } from '../src/benchmarks/parse-imgedit.ts'
import { parseRise } from '../src/benchmarks/parse-rise.ts'

const both: AnswerRules[] = ['official', 'strict']

describe.each(both)('GEdit, %s rules: an answer', rules => {
  const scoresOf = (text: string) => parseGedit(text, rules)?.scores ?? null

  it('is read between two marks, whatever stands around them', () => {
    const text =
      'The scarf {red} is there.\n||V^=^V||\n{"score": [8, 9],\n"reasoning": "Done."}\n||V^=^V||\n{"score": [1, 1]}'
    expect(parseGedit(text, rules)).toEqual({ scores: [8, 9], reasoning: 'Done.' })
  })

  it('is read from the first brace to the last where there are no two marks', () => {
    expect(scoresOf('```json\n{\n"score" : [7, 4],\n"reasoning" : "The dog\nlost an ear."\n}\n```')).toEqual([7, 4])
    expect(scoresOf('||V^=^V|| {"score": [7, 4]}')).toEqual([7, 4])
  })

  it('may hold one number instead of a list', () => {
    expect(scoresOf('{"score": 6, "reasoning": "A slip."}')).toEqual([6])
  })

  it('is repaired where keys have no quotes and texts neither', () => {
    expect(scoresOf('{score: [5, 6], reasoning: "fine"}')).toEqual([5, 6])
    expect(scoresOf('{score: 5, reasoning: fine}')).toEqual([5])
    expect(scoresOf("{'score': [3, 2], 'reasoning': 'dark',}")).toEqual([3, 2])
  })

  it('may be a bare list of two or a lone whole number up to 10', () => {
    expect(scoresOf('[6, 0]')).toEqual([6, 0])
    expect(scoresOf('My scores: [10,9].')).toEqual([10, 9])
    expect(scoresOf(' 7\n')).toEqual([7])
    expect(scoresOf('[1, 2, 3]')).toBeNull()
    expect(scoresOf('11')).toBeNull()
  })

  it('is looked for behind what a model thought', () => {
    expect(scoresOf('<think>Perhaps [3, 4]?</think>\n[8, 9]')).toEqual([8, 9])
    expect(scoresOf('<think>Perhaps {"score": [3, 4]}?</think>\n{"score": [8, 9]}')).toEqual([8, 9])
  })

  it.each([
    ['a refusal', 'I am sorry, I cannot compare these images.'],
    ['a number in words alone', 'I would give it a seven or an 8.'],
    ['no scores', '{"reasoning": "A fine picture."}'],
    ['scores in words', '{"score": ["good", "bad"], "reasoning": ""}'],
    ['an empty list', '{"score": [], "reasoning": ""}'],
    ['nothing', ''],
  ])('with %s is unreadable, the same each time', (_, text) => {
    for (let ask = 0; ask < 20; ask++) expect(parseGedit(text, rules)).toBeNull()
  })
})

test('GEdit: scores beyond 10 are kept by the official rules and refused by the strict ones', () => {
  expect(parseGedit('{"score": [80, 9]}', 'official')?.scores).toEqual([80, 9])
  expect(parseGedit('{"score": [80, 9]}')).toBeNull()
  expect(parseGedit('{"score": [-1, 9]}')).toBeNull()
})

const rating = `The scarf sits well, though its shadow is off: 2 things to note.
Prompt Compliance: 5
Visual Naturalness: 4
Physical & Detail Coherence: 4`

describe('ImgEdit: an answer', () => {
  it.each(both)('gives its three lines, by %s rules', rules => {
    expect(parseImgedit(rating, rules)?.scores).toEqual([
      { name: 'Prompt Compliance', score: 5 },
      { name: 'Visual Naturalness', score: 4 },
      { name: 'Physical & Detail Coherence', score: 4 },
    ])
    expect(parseImgedit(`  ${rating.replaceAll('\n', '  \r\n ')}`, rules)?.scores).toHaveLength(3)
    expect(parseImgedit(rating.replaceAll('Visual Naturalness', '**Visual Naturalness**'), rules)?.scores).toHaveLength(
      3,
    )
  })

  it('leaves out a line with more parts, other signs or no space behind the colon', () => {
    const text = [
      'Prompt Compliance: 5',
      'Note: scale: 5',
      'Visual Naturalness: 4/5',
      'Detail:3',
      'Quality: 4.5',
      'A: ',
    ].join('\n')
    expect(parseImgedit(text, 'official')?.scores).toEqual([{ name: 'Prompt Compliance', score: 5 }])
    expect(parseImgedit(text)).toBeNull()
  })

  it('is held to 1-5 by the strict rules alone', () => {
    const text = rating.replace('Naturalness: 4', 'Naturalness: 40')
    expect(parseImgedit(text, 'official')?.scores[1]).toEqual({ name: 'Visual Naturalness', score: 40 })
    expect(parseImgedit(text)).toBeNull()
  })

  it.each(both)('without any such line is unreadable, by %s rules', rules => {
    for (const text of ['', 'Error: image conversion failed', '5\n4\n4', '{"Prompt Compliance": 5}'])
      expect(parseImgedit(text, rules)).toBeNull()
  })
})

test('ImgEdit: what a model thought first counts by the official rules alone', () => {
  const text = `<think>\nPrompt Compliance: 2, or more?\nVisual Naturalness: 1\n</think>\n${rating}`
  expect(parseImgedit(text)?.scores.map(({ score }) => score)).toEqual([5, 4, 4])
  expect(parseImgedit(text, 'official')?.scores.map(({ score }) => score)).toEqual([1, 5, 4, 4])
})

describe.each(both)('RISE, %s rules: the final score', rules => {
  const scoreOf = (text: string, isLogical = false) => parseRise(text, { rules, isLogical })?.score ?? null

  it.each([
    ['Reasoning: the leaves are there.\n\n**Final Score**: 4', 4],
    ['**Final Score:** 5', 5],
    ['*final score*\n3', 3],
    ['FINAL SCORE 2.', 2],
    ['Final Score: **4**', 4],
    ['Final Score: 4/5', 4],
    ['Final Scores: 3', 3],
    ['The Final Score (1 to 5) follows.\nFinal Score: 2', 2],
  ])('is found in %j', (text, score) => {
    expect(scoreOf(text)).toBe(score)
  })

  it('is 0 or 1 of a logical item', () => {
    expect(scoreOf('The sum is wrong.\n**Final Score**: 0', true)).toBe(0)
    expect(scoreOf('Final Score: 1', true)).toBe(1)
  })

  it.each([
    'Final Score: 4, 5',
    'Final Score: 4\n\n2. The leaves',
    'Final Score: high',
    'I give 4 points.',
    'Score: 4',
    '',
  ])('is not guessed from %j', text => {
    expect(scoreOf(text)).toBeNull()
  })
})

test('RISE: a range and decimals are read as a whole number by the official rules alone', () => {
  for (const text of [
    'Final Score: 1-5',
    '**Final Score:** **1** - **5**',
    'Final Score: 1 to 5',
    'Final Score: 1.5',
  ]) {
    expect(parseRise(text, { rules: 'official' })).toEqual({ score: 1 })
    expect(parseRise(text)).toBeNull()
  }
  expect(parseRise('Final Score: 4\n\n- 2 leaves are there')).toEqual({ score: 4 })
})

test('RISE: a score off its scale is kept by the official rules and refused by the strict ones', () => {
  expect(parseRise('Final Score: 9', { rules: 'official' })).toEqual({ score: 9 })
  expect(parseRise('Final Score: 9')).toBeNull()
  expect(parseRise('Final Score: 0')).toBeNull()
  expect(parseRise('Final Score: 5', { isLogical: true })).toBeNull()
})

describe('the calls of an item', () => {
  it('are those of its benchmark, its category and its flags', () => {
    const facts = {}
    expect(callsOf('gedit', { taskType: 'ps_human', facts })).toEqual(['semantic', 'quality'])
    expect(callsOf('imgedit', { taskType: 'add', facts })).toEqual(['rating'])
    expect(callsOf('kris', { taskType: 'color_change', facts })).toEqual(['consistency', 'instruction', 'quality'])
    expect(callsOf('kris', { taskType: 'biology', facts })).toEqual(['consistency', 'dual', 'quality'])
    expect(callsOf('rise', { taskType: 'causal_reasoning', facts: { consistencyFree: null } })).toEqual([
      ...['consistency', 'reasoning', 'plausibility'],
    ])
    for (const consistencyFree of [true, false]) {
      expect(callsOf('rise', { taskType: 'causal_reasoning', facts: { consistencyFree } })).toEqual([
        ...['reasoning', 'plausibility'],
      ])
    }
    expect(callsOf('rise', { taskType: 'logical_reasoning', facts })).toEqual(['consistency', 'reasoning'])
  })

  it('are each read by the rules of their own', () => {
    const place = { taskType: 'logical_reasoning', facts: {} }
    expect(parseAnswer({ benchmark: 'rise', call: 'reasoning', ...place }, 'Final Score: 1')).toEqual({ score: 1 })
    expect(parseAnswer({ benchmark: 'gedit', call: 'quality', ...place }, '[6, 7]')).toMatchObject({ scores: [6, 7] })
    expect(parseAnswer({ benchmark: 'imgedit', call: 'rating', ...place }, rating)).toMatchObject({
      scores: { length: 3 },
    })
    expect(
      parseAnswer({ benchmark: 'kris', call: 'dual', ...place }, '{"instruction_score": 4, "knowledge_score": 2}'),
    ).toMatchObject({ instruction: 4, knowledge: 2 })
    expect(parseAnswer({ benchmark: 'kris', call: 'quality', ...place }, 'quality score: 3')).toMatchObject({
      score: 3,
    })
  })
})
