import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { BenchmarkScores } from '../src/benchmarks/benchmark-scores.ts'
import { geditGroups } from '../src/benchmarks/gedit-groups.ts'
import { krisGroups } from '../src/benchmarks/kris-categories.ts'
import { roundScore } from '../src/benchmarks/round-score.ts'
import { scoreGedit } from '../src/benchmarks/score-gedit.ts'
import { scoreImgedit } from '../src/benchmarks/score-imgedit.ts'
import { scoreKris } from '../src/benchmarks/score-kris.ts'
import { geditAnswers, imgeditAnswers, judgedItem, krisAnswers } from './support/judged-items.ts'

function scoreIn({ table, details }: BenchmarkScores, name: string): number | null | undefined {
  return [...table, ...details].find(score => score.name === name)?.value
}

describe('a score is rounded as Python rounds', () => {
  it.each([
    [2.125, 2, 2.12],
    [2.375, 2, 2.38],
    [2.625, 2, 2.62],
    [2.875, 2, 2.88],
    [-2.125, 2, -2.12],
    [2.5, 0, 2],
    [3.5, 0, 4],
    [0.25, 1, 0.2],
    [0.75, 1, 0.8],
    [0.0625, 3, 0.062],
    // No ties: the binary value is a little below or above.
    [2.675, 2, 2.67],
    [1.005, 2, 1],
    [4.665, 2, 4.67],
    [14 / 3, 2, 4.67],
    [5, 2, 5],
  ])('%d to %i digits is %d', (value, digits, rounded) => {
    expect(roundScore(value, digits)).toBe(rounded)
  })

  it('and is never further away than half of the last digit', () => {
    fc.assert(
      fc.property(fc.double({ min: -1_000, max: 1_000, noNaN: true }), value => {
        expect(Math.abs(roundScore(value, 2) - value)).toBeLessThanOrEqual(0.005 + 1e-9)
      }),
    )
  })
})

describe('GEdit', () => {
  const one = (group: string, semantic: number[], quality: number[], key = group) =>
    judgedItem<'gedit'>(key, group, geditAnswers(semantic, quality), { isIntersection: key !== 'x' })

  it('takes the least of each list and the geometric mean of each item before it averages', () => {
    const items = [one('ps_human', [9, 4], [9, 9], 'a'), one('ps_human', [9, 10], [4, 8], 'b')]
    const scores = scoreGedit(items, { groups: 'present' })
    expect(scores.items.map(item => item.scores?.overall)).toEqual([6, 6])
    // Of the means, 6.5 each, it would be 6.5.
    expect(scores.table).toEqual([
      { name: 'semantic', title: 'G_SC', value: 6.5, items: 2 },
      { name: 'quality', title: 'G_PQ', value: 6.5, items: 2 },
      { name: 'overall', title: 'G_O', value: 6, items: 2 },
    ])
  })

  it('weighs the 11 groups alike, however many items they have', () => {
    const items = geditGroups.map(group => one(group, [9, 9], [9, 9]))
    items.push(...['k', 'l', 'm'].map(key => one('ps_human', [1, 1], [1, 1], key)))
    const scores = scoreGedit(items)
    expect(scoreIn(scores, 'ps_human.overall')).toBe(3)
    expect(scoreIn(scores, 'overall')).toBeCloseTo((10 * 9 + 3) / 11, 12)
  })

  it('has no mean of the groups while one is empty, unless the present ones are asked for', () => {
    const items = [one('ps_human', [8, 8], [8, 8])]
    expect(scoreIn(scoreGedit(items), 'overall')).toBeNull()
    expect(scoreIn(scoreGedit(items, { groups: 'present' }), 'overall')).toBe(8)
  })

  it('leaves out and names what could not be read', () => {
    const items = [one('ps_human', [8], [8], 'a'), { ...one('ps_human', [8], [8], 'b') }]
    items[1] = {
      ...(items[1] ?? one('', [], [])),
      answers: { semantic: null, quality: { scores: [2], reasoning: null } },
    }
    const scores = scoreGedit(items, { groups: 'present' })
    expect(scoreIn(scores, 'quality')).toBe(8)
    expect(scores.failed).toEqual(['ps_human/en/b'])
  })

  it('scores the intersection and one language by themselves', () => {
    const items = [
      one('ps_human', [8], [8], 'a'),
      one('ps_human', [2], [2], 'x'),
      { ...one('ps_human', [4], [4], 'c'), language: 'cn' as const },
    ]
    const overall = (switches: Parameters<typeof scoreGedit>[1]) =>
      scoreIn(scoreGedit(items, { groups: 'present', ...switches }), 'overall')
    expect(overall({ language: 'en' })).toBe(5)
    expect(overall({ language: 'cn' })).toBe(4)
    expect(overall({ language: 'en', subset: 'intersection' })).toBe(8)
  })
})

describe('ImgEdit', () => {
  it('rounds the mean of an item, of a type and of all, each before the next', () => {
    const items = [
      judgedItem<'imgedit'>('1', 'add', imgeditAnswers(5, 5, 4)),
      judgedItem<'imgedit'>('2', 'add', imgeditAnswers(4, 4, 4, 4, 4, 4, 4, 5)),
      judgedItem<'imgedit'>('3', 'compose', imgeditAnswers(1, 2, 1)),
      judgedItem<'imgedit'>('4', 'compose', { rating: null }),
    ]
    const scores = scoreImgedit(items)
    expect(scores.items.map(item => item.scores?.overall)).toEqual([4.67, 4.12, 1.33, undefined])
    expect(scoreIn(scores, 'add')).toBe(roundScore((4.67 + 4.12) / 2, 2))
    expect(scores.table.find(({ name }) => name === 'compose')).toEqual({
      ...{ name: 'compose', title: 'Hybrid', value: 1.33, items: 1 },
    })
    expect(scoreIn(scores, 'overall')).toBe(roundScore((4.67 + 4.12 + 1.33) / 3, 2))
    expect(scoreIn(scoreImgedit(items, { overall: 'macro' }), 'overall')).toBe(
      roundScore(((scoreIn(scores, 'add') ?? 0) + 1.33) / 2, 2),
    )
    expect(scores.failed).toEqual(['compose/en/4'])
  })
})

describe('KRIS', () => {
  const common = { consistency: 5, quality: 3, instruction: 2 }

  it('pools every value: a group with four scores an item weighs more than one with three', () => {
    const items = [
      judgedItem<'kris'>('1', 'color_change', krisAnswers(common)),
      judgedItem<'kris'>('1', 'physics', krisAnswers({ ...common, instruction: 1 }, 5)),
      judgedItem<'kris'>('1', 'abstract_reasoning', krisAnswers({ ...common, quality: 5, instruction: 5 }, 5)),
    ]
    const scores = scoreKris(items)
    expect(scoreIn(scores, 'attribute')).toBeCloseTo((100 + 50 + 25) / 3, 12)
    expect(scoreIn(scores, 'natural')).toBe((100 + 50 + 0 + 100) / 4)
    expect(scoreIn(scores, 'physics.knowledge')).toBe(100)
    expect(scoreIn(scores, 'color_change.knowledge')).toBeUndefined()
    expect(scoreIn(scores, 'overall')).toBeCloseTo((175 + 250 + 400) / 11, 12)
    expect(scoreIn(scores, 'social')).toBeNull()
  })

  it('counts no part of an item that lacks a score', () => {
    const whole = krisAnswers(common, 3)
    const items = [
      judgedItem<'kris'>('1', 'physics', whole),
      judgedItem<'kris'>('2', 'physics', { ...whole, quality: null }),
      judgedItem<'kris'>('3', 'physics', { ...whole, dual: null }),
      judgedItem<'kris'>('1', 'color_change', whole),
    ]
    const scores = scoreKris(items)
    expect(scores.failed).toEqual(['physics/en/2', 'physics/en/3', 'color_change/en/1'])
    expect(scores.table.find(({ name }) => name === 'natural')?.items).toBe(1)
  })

  it('leaves temporal prediction out unless it is asked for', () => {
    const items = [
      judgedItem<'kris'>('1', 'color_change', krisAnswers({ consistency: 5, quality: 5, instruction: 5 })),
      judgedItem<'kris'>('1', 'temporal_prediction', krisAnswers({ consistency: 1, quality: 1, instruction: 1 })),
    ]
    expect(scoreIn(scoreKris(items), 'factual')).toBe(100)
    expect(scoreIn(scoreKris(items), 'temporal')).toBeUndefined()
    expect(scoreIn(scoreKris(items, { temporal: true }), 'factual')).toBe(50)
    expect(scoreIn(scoreKris(items, { temporal: true }), 'temporal')).toBe(0)
  })

  test('its groups hold its 20 categories, each once', () => {
    const categories = krisGroups.flatMap(group => group.categories)
    expect(new Set(categories).size).toBe(20)
    expect(categories).toHaveLength(20)
  })
})
