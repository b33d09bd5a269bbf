import { describe, expect, it } from 'vitest'
import { type ItemScore, meanOf, type Score } from '../src/benchmarks/benchmark-scores.ts'
import { bootstrapScores } from '../src/benchmarks/bootstrap.ts'

const item = (id: string, value: number | null, taskType = 'a'): ItemScore => ({
  ...{ id, taskType, scores: value === null ? null : { value } },
})

/** The mean of all, and how many of them are of type b. */
function tabulate(items: readonly ItemScore[]): Score[] {
  const values = items.flatMap(({ scores }) => scores?.value ?? [])
  const ofB = items.filter(({ taskType }) => taskType === 'b').length
  return [
    { name: 'mean', title: 'Mean', value: meanOf(values), items: values.length },
    { name: 'b', title: 'Of b', value: ofB, items: items.length },
  ]
}

const coins = Array.from({ length: 100 }, (_, at) => item(String(at), at % 2))

describe('a bootstrap interval', () => {
  it('of 100 tosses of a coin is that of the binomial distribution', () => {
    // Mean 0.5, standard error 0.05: 0.5 -+ 1.96 x 0.05, give or take what 1,000 resamples leave open.
    const { low = 0, high = 0 } = bootstrapScores(coins, tabulate).get('mean') ?? {}
    expect(Math.abs(low - 0.402)).toBeLessThan(0.02)
    expect(Math.abs(high - 0.598)).toBeLessThan(0.02)
  })

  it('is the same for the same seed, and another for another', () => {
    const lowOf = (seed: number) => bootstrapScores(coins, tabulate, { seed, level: 0.8 }).get('mean')
    expect(lowOf(7)).toEqual(lowOf(7))
    const all = Array.from({ length: 8 }, (_, seed) => JSON.stringify(lowOf(seed)))
    expect(new Set(all).size).toBeGreaterThan(1)
  })

  it('is narrower at a lower level', () => {
    const widthOf = (level: number) => {
      const { low = 0, high = 0 } = bootstrapScores(coins, tabulate, { level }).get('mean') ?? {}
      return high - low
    }
    expect(widthOf(0.5)).toBeLessThan(widthOf(0.95))
  })

  it('keeps how many items there are of each task type', () => {
    const items = [...coins, item('x', 1, 'b'), item('y', 0, 'b')]
    expect(bootstrapScores(items, tabulate, { resamples: 30 }).get('b')).toEqual({ low: 2, high: 2 })
  })

  it('is none for a score of a single item, of none, or that a resample does not have', () => {
    expect(bootstrapScores([item('1', 1)], tabulate, { resamples: 30 }).has('mean')).toBe(false)
    expect(bootstrapScores([], tabulate, { resamples: 30 }).has('mean')).toBe(false)
    const unread = [item('1', 1), item('2', null), item('3', null)]
    expect(bootstrapScores(unread, tabulate, { resamples: 200 }).has('mean')).toBe(false)
  })
})
