// The formulas against the paper's own tables: what its sub-scores come to.

import { describe, expect, it } from 'vitest'
import type { BenchmarkName } from '../src/benchmarks/benchmark.ts'
import type { BenchmarkScores } from '../src/benchmarks/benchmark-scores.ts'
import { imgeditTypes } from '../src/benchmarks/imgedit-types.ts'
import { krisGroups } from '../src/benchmarks/kris-categories.ts'
import { type PublishedRow, published } from '../src/benchmarks/published.ts'
import { publishedAblations } from '../src/benchmarks/published-ablations.ts'
import { riseCategories } from '../src/benchmarks/rise-categories.ts'
import { scoreImgedit } from '../src/benchmarks/score-imgedit.ts'
import { scoreKris } from '../src/benchmarks/score-kris.ts'
import { scoreRise } from '../src/benchmarks/score-rise.ts'
import { imgeditAnswers, judgedItem, krisAnswers, riseAnswers } from './support/judged-items.ts'

function rowsOf(benchmark: BenchmarkName): PublishedRow[] {
  return published.filter(row => row.benchmark === benchmark && row.model.endsWith('‡'))
}

function rowOf(benchmark: BenchmarkName, model: string, thinker: string | null = null): PublishedRow {
  const row = published.find(one => one.benchmark === benchmark && one.model === model && one.thinker === thinker)
  if (!row) throw new Error(`There is no row ${model}.`)
  return row
}

function scoreIn({ table }: BenchmarkScores, name: string): number {
  return table.find(score => score.name === name)?.value ?? Number.NaN
}

function times<Item>(count: number, make: (key: string) => Item): Item[] {
  return Array.from({ length: count }, (_, at) => make(String(at)))
}

describe('KRIS: the sizes of its groups', () => {
  // Items of each group as its authors publish them.
  const sizes: Record<string, number> = {
    attribute: 275,
    spatial: 100,
    social: 125,
    natural: 393,
    logical: 150,
    instruction: 150,
  }

  function scoreOf({ values }: PublishedRow): BenchmarkScores {
    const items = krisGroups.flatMap(({ name, categories: [category = ''], isKnowledgeScored }) => {
      const score = 1 + (values[name] ?? 0) / 25
      const answers = { consistency: score, quality: score, instruction: score }
      return times(sizes[name] ?? 0, key =>
        judgedItem<'kris'>(key, category, krisAnswers(answers, isKnowledgeScored ? score : null)),
      )
    })
    return scoreKris(items)
  }

  it('give the row of FLUX.1 Kontext', () => {
    const scores = scoreOf(rowOf('kris', 'FLUX.1-Kontext-dev‡'))
    const printed = { factual: 70.09, conceptual: 58.35, procedural: 59.75, overall: 61.81 }
    for (const [name, value] of Object.entries(printed))
      expect(Math.abs(scoreIn(scores, name) - value)).toBeLessThan(0.05)
  })

  it.each(rowsOf('kris'))('give $model with $thinker, but for what is noted as a doubt', row => {
    const scores = scoreOf(row)
    for (const name of ['factual', 'conceptual', 'procedural', 'overall']) {
      const value = row.doubts?.[name] ?? row.values[name] ?? Number.NaN
      expect(Math.abs(scoreIn(scores, name) - value)).toBeLessThan(0.05)
    }
  })
})

describe('RISE: whole items of 85, 90, 100 and 85', () => {
  const sizes = [85, 90, 100, 85]

  it.each(published.filter(({ benchmark }) => benchmark === 'rise'))('give $model with $thinker', row => {
    const items = riseCategories.flatMap((category, at) => {
      const size = sizes[at] ?? 0
      const complete = Math.round(((row.values[category] ?? 0) * size) / 100)
      const isLogical = category === 'logical_reasoning'
      const best = isLogical ? 1 : 5
      return times(size, key =>
        judgedItem<'rise'>(
          key,
          category,
          riseAnswers(best, Number(key) < complete ? best : best - 1, isLogical ? null : best),
        ),
      )
    })
    const scores = scoreRise(items)
    for (const [name, printed] of Object.entries(row.values)) {
      // The paper cuts some percentages off where others are rounded.
      expect(Math.abs(scoreIn(scores, name) - (row.doubts?.[name] ?? printed))).toBeLessThan(0.1)
    }
  })
})

describe('ImgEdit: the type scores of the paper', () => {
  // How many items of each type its authors publish.
  const sizes = {
    add: 95,
    adjust: 94,
    extract: 117,
    replace: 92,
    remove: 86,
    background: 94,
    style: 100,
    compose: 23,
    action: 36,
  }

  function overallOf({ values }: PublishedRow, overall: 'micro' | 'macro'): number {
    const items = imgeditTypes.flatMap(type =>
      times(sizes[type], key => judgedItem<'imgedit'>(key, type, imgeditAnswers(values[type] ?? 0))),
    )
    return scoreIn(scoreImgedit(items, { overall }), 'overall')
  }

  it('come to these means of all 737 items', () => {
    expect(Object.values(sizes).reduce((sum, size) => sum + size)).toBe(737)
    expect(rowsOf('imgedit').map(row => overallOf(row, 'micro'))).toEqual([
      ...[3.4, 3.48, 3.73, 3.48, 3.95, 4.07, 4.35, 4.36, 4.47],
    ])
  })

  it('come to the printed overall score of the authors as the mean of the nine types', () => {
    expect(overallOf(rowOf('imgedit', 'FluxKontext dev'), 'macro')).toBe(3.52)
  })
})

describe('the published numbers', () => {
  it('are whole: each row of results has all columns of its benchmark', () => {
    const columns = { gedit: 3, imgedit: 10, kris: 10, rise: 5 }
    for (const [name, count] of Object.entries(columns)) {
      const rows = rowsOf(name as BenchmarkName)
      expect(rows).toHaveLength(9)
      for (const row of rows) expect(Object.keys(row.values)).toHaveLength(count)
    }
    expect(published.filter(({ benchmark }) => benchmark === 'kris')).toHaveLength(28)
    expect(published.filter(({ benchmark }) => benchmark === 'rise')).toHaveLength(18)
  })

  it('agree where the paper prints one twice', () => {
    const flux = rowOf('gedit', 'FLUX.1-Kontext-dev‡', 'EditThinker-Expert-GPT4.1')
    const same = publishedAblations.filter(
      ({ thinker }) => thinker === 'GPT-4.1, think while edit' || thinker === 'GPT 4.1',
    )
    expect(same.map(({ values }) => values)).toEqual([flux.values, flux.values])
    expect(publishedAblations).toHaveLength(18)
  })
})
