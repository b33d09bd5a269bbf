import type { AnswerRules, CallName } from './answers.ts'
import type { BenchmarkItem, BenchmarkName } from './benchmark.ts'
import { parseGedit } from './parse-gedit.ts'
import { parseImgedit } from './parse-imgedit.ts'
import { parseKris, parseKrisDual } from './parse-kris.ts'
import { parseRise } from './parse-rise.ts'

/** Which answer is read: to which call about which item. */
export type AnswerPlace = { benchmark: BenchmarkName; call: CallName } & Pick<BenchmarkItem, 'taskType' | 'facts'>

/** What a judge wrote, as plain JSON; null where it cannot be read. Nothing is guessed. */
export function parseAnswer(
  { benchmark, call, taskType, facts }: AnswerPlace,
  text: string,
  rules: AnswerRules = 'strict',
): object | null {
  switch (benchmark) {
    case 'gedit':
      return parseGedit(text, rules)
    case 'imgedit':
      return parseImgedit(text, rules)
    case 'kris': {
      if (call === 'dual') return parseKrisDual(text, rules)
      const isMetric = call === 'consistency' || call === 'instruction' || call === 'quality'
      return isMetric ? parseKris(text, call, { rules, isMultiPicture: facts.isMultiPicture === true }) : null
    }
    case 'rise':
      return parseRise(text, { rules, isLogical: taskType === 'logical_reasoning' })
  }
  benchmark satisfies never
  return null
}
