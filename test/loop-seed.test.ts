import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveSeed, maxSeed } from '../src/loop/seed.ts'

describe('a seed', () => {
  it('is the base seed itself for the first candidate of round 1', () => {
    expect(deriveSeed(0, 1, 0)).toBe(0)
    expect(deriveSeed(maxSeed, 1, 0)).toBe(maxSeed)
  })

  it('fits every engine, whatever the base seed', () => {
    const base = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(base, fc.nat(20), fc.nat(7), fc.nat(100), (baseSeed, index, candidate, attempt) => {
        const seed = deriveSeed(baseSeed, index, candidate, attempt)
        expect(Number.isInteger(seed) && seed >= 0 && seed <= maxSeed).toBe(true)
        expect(deriveSeed(baseSeed, index, candidate, attempt)).toBe(seed)
      }),
    )
  })

  it('differs between rounds, candidates and attempts', () => {
    for (const baseSeed of [0, 1, 42, maxSeed]) {
      const seeds = new Set<number>()
      for (let index = 0; index <= 20; index++)
        for (let candidate = 0; candidate < 8; candidate++)
          for (let attempt = 0; attempt < 4; attempt++) seeds.add(deriveSeed(baseSeed, index, candidate, attempt))
      expect(seeds.size).toBe(21 * 8 * 4)
    }
  })

  it('has nothing in common with the seeds of a neighbouring base', () => {
    const seedsOf = (base: number) => Array.from({ length: 20 }, (_, index) => deriveSeed(base, index + 2, 0))
    const shared = seedsOf(7).filter(seed => seedsOf(8).includes(seed))
    expect(shared).toEqual([])
  })

  it('is spread over the whole range', () => {
    const seeds = Array.from({ length: 4000 }, (_, base) => deriveSeed(base, 2, 0))
    const counts = Array.from({ length: 8 }, (_, eighth) => {
      return seeds.filter(seed => Math.floor((seed / (maxSeed + 1)) * 8) === eighth).length
    })
    for (const count of counts) expect(count).toBeGreaterThan(400)
  })
})
