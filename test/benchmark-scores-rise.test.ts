import { expect, it, test } from 'vitest'
import type { BenchmarkScores } from '../src/benchmarks/benchmark-scores.ts'
import { scoreRise } from '../src/benchmarks/score-rise.ts'
import { judgedItem, riseAnswers } from './support/judged-items.ts'

function scoreIn({ table, details }: BenchmarkScores, name: string): number | null | undefined {
  return [...table, ...details].find(score => score.name === name)?.value
}

const causal = (
  key: string,
  answers: ReturnType<typeof riseAnswers>,
  facts: Record<string, boolean | string | null> = {},
) => judgedItem<'rise'>(key, 'causal_reasoning', answers, { consistencyFree: null, ...facts })
const logical = (key: string, consistency: number, reasoning: number) =>
  judgedItem<'rise'>(key, 'logical_reasoning', riseAnswers(consistency, reasoning, null))
const scoreOf = (item: ReturnType<typeof causal>, switches = {}) => scoreRise([item], switches).items[0]?.scores?.score

it('RISE weighs consistency 0.3, reasoning 0.5 and plausibility 0.2, and of a logical item 0.3 and 0.7', () => {
  expect(scoreOf(causal('1', riseAnswers(4, 3, 5)))).toBeCloseTo(0.3 * 4 + 0.5 * 3 + 0.2 * 5, 12)
  expect(scoreOf(logical('1', 0, 1))).toBeCloseTo(0.3 * 1 + 0.7 * 5, 12)
  expect(scoreOf(logical('1', 7, 1))).toBeCloseTo(5, 12)
})

it('RISE halves the score of an item whose reasoning is 1, down to 1', () => {
  expect(scoreOf(causal('1', riseAnswers(5, 1, 5)))).toBeCloseTo(1.5, 12)
  expect(scoreOf(causal('1', riseAnswers(1, 1, 1)))).toBe(1)
  expect(scoreOf(logical('1', 1, 0))).toBeCloseTo(1.1, 12)
})

it('RISE weighs reasoning 0.8 and plausibility 0.2 where consistency is free', () => {
  expect(scoreOf(causal('1', riseAnswers(null, 4, 5), { consistencyFree: true }))).toBeCloseTo(0.8 * 4 + 0.2 * 5, 12)
})

it('RISE reads a gap among the flags as the switch says, and only where there are flags', () => {
  const silent = causal('1', riseAnswers(1, 4, 5))
  const free = causal('2', riseAnswers(null, 5, 5), { consistencyFree: true })
  const score = (items: (typeof silent)[], isGapFree: boolean) =>
    scoreRise(items, { isGapFree }).items[0]?.scores?.score
  expect(score([silent, free], false)).toBeCloseTo(0.3 * 1 + 0.5 * 4 + 0.2 * 5, 12)
  expect(score([silent, free], true)).toBeCloseTo(0.8 * 4 + 0.2 * 5, 12)
  expect(score([silent], true)).toBeCloseTo(0.3 * 1 + 0.5 * 4 + 0.2 * 5, 12)
})

it('RISE never counts an item free of consistency as complete, unless officially', () => {
  const items = [
    causal('1', riseAnswers(null, 5, 5), { consistencyFree: true }),
    causal('2', riseAnswers(5, 5, 5)),
    causal('3', riseAnswers(5, 5, 4)),
    causal('4', riseAnswers(null, 5, 4), { consistencyFree: true }),
  ]
  expect(scoreIn(scoreRise(items), 'overall')).toBe(25)
  expect(scoreIn(scoreRise(items, { accuracy: 'official' }), 'overall')).toBe(50)
})

it('RISE counts what cannot be read as not complete and leaves it out of the scores', () => {
  const items = [
    causal('1', riseAnswers(5, 5, 5)),
    causal('2', { ...riseAnswers(5, 5, 5), reasoning: null }),
    logical('1', 1, 1),
  ]
  const scores = scoreRise(items)
  expect(scores.failed).toEqual(['causal_reasoning/en/2'])
  expect(scoreIn(scores, 'causal_reasoning')).toBe(50)
  expect(scoreIn(scores, 'causal_reasoning.score')).toBe(5)
  expect(scoreIn(scores, 'causal_reasoning.percentage')).toBe(100)
  expect(scoreIn(scores, 'logical_reasoning')).toBe(100)
  expect(scoreIn(scores, 'logical_reasoning.plausibility')).toBeNull()
  expect(scoreIn(scores, 'spatial_reasoning')).toBeNull()
  expect(scores.table.map(({ title }) => title)).toEqual(['Temporal', 'Causal', 'Spatial', 'Logical', 'Overall'])
})

test('RISE has the mean of each part and the scores of each subtask', () => {
  const items = [
    causal('1', riseAnswers(5, 3, 4), { subtask: 'State Transition' }),
    causal('2', riseAnswers(3, 3, 5), { subtask: 'State Transition' }),
    causal('3', riseAnswers(5, 5, 5), { subtask: 'Physics Manifestation' }),
  ]
  const scores = scoreRise(items)
  expect(scoreIn(scores, 'overall.consistency')).toBeCloseTo(13 / 3, 12)
  expect(scoreIn(scores, 'causal_reasoning.plausibility')).toBeCloseTo(14 / 3, 12)
  expect(scoreIn(scores, 'State Transition.score')).toBeCloseTo((3.8 + 3.4) / 2, 12)
  expect(scoreIn(scores, 'Physics Manifestation.accuracy')).toBe(100)
  const titles = scores.details.map(({ title }) => title).filter(title => title.startsWith('Causal-'))
  expect(titles[0]).toMatch(/^Causal-State Transition/)
})
