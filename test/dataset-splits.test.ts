import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toSplit } from '../src/datasets/splits.ts'

const shares = { train: 0.8, validation: 0.05, test: 0.15 }

it('a source is in one split, whatever else there is and in whatever order the shares are written', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (source, seed) => {
      const split = toSplit(source, { shares, seed })
      expect(Object.keys(shares)).toContain(split)
      expect(toSplit(source, { shares: { test: 0.15, train: 0.8, validation: 0.05 }, seed })).toBe(split)
    }),
  )
})

it('the splits are about as large as their shares, and another seed divides otherwise', () => {
  const sources = Array.from({ length: 10_000 }, (_, n) => `source ${n}`)
  const splits = sources.map(source => toSplit(source, { shares, seed: '' }))
  for (const [name, share] of Object.entries(shares)) {
    const part = splits.filter(split => split === name).length / sources.length
    expect(Math.abs(part - share)).toBeLessThan(0.02)
  }
  expect(sources.map(source => toSplit(source, { shares, seed: 'other' }))).not.toEqual(splits)
})

it('a share of none gets nothing', () => {
  const splits = { shares: { train: 1, test: 0 }, seed: '' }
  expect(new Set(Array.from({ length: 100 }, (_, n) => toSplit(String(n), splits)))).toEqual(new Set(['train']))
})
