import { describe, expect, it } from 'vitest'
import { measureIntervalAgreement, measureNominalAgreement } from '../src/feedback/agreement.ts'

// Four observers, twelve units, not all judged by all: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), C.
const published = ['111', '2232', '3333', '3333', '2222', '1234', '4444', '1121', '2222', '555', '11', '3'].map(unit =>
  unit.split(''),
)

describe('agreement about categories', () => {
  it('is what pairs of judges share, above what chance would give', async () => {
    const units = [
      ['A', 'A'],
      ['A', 'B'],
      ['B', 'B'],
      ['B', 'B'],
    ]
    // 3 of 4 pairs agree; 3 A and 5 B: kappa by 34/64 by chance, alpha by 26/56.
    const { alpha, fleissKappa, ...rest } = await measureNominalAgreement(units)
    expect(rest).toEqual({ units: 4, pairs: 4, agreeingShare: 0.75 })
    expect(fleissKappa).toBeCloseTo(7 / 15, 12)
    expect(alpha).toBeCloseTo(8 / 15, 12)
  })

  it('takes a tie as a choice of its own, and units with different numbers of judges', async () => {
    const units = [['A', 'TIE'], ['A', 'A'], ['TIE', 'B', 'TIE'], ['B'], []]
    // Observed disagreement 1 - (0 + 2 + 1)/7, expected 1 - (6 + 6 + 0)/42.
    const { alpha, ...rest } = await measureNominalAgreement(units)
    expect(rest).toEqual({ units: 3, pairs: 5, agreeingShare: 0.4, fleissKappa: null })
    expect(alpha).toBeCloseTo(0.2, 12)
  })

  it("is the published alpha of Krippendorff's examples", async () => {
    const pairs = ['01', '11', '01', '00', '00', '01', '00', '00', '10', '00'].map(unit => unit.split(''))
    expect((await measureNominalAgreement(pairs)).alpha).toBeCloseTo(0.095, 3)
    expect((await measureNominalAgreement(published)).alpha).toBeCloseTo(0.743, 3)
  })

  it("is the kappa of Fleiss' worked example: ten subjects, fourteen raters, five categories", async () => {
    const counts = [
      [0, 0, 0, 0, 14],
      [0, 2, 6, 4, 2],
      [0, 0, 3, 5, 6],
      [0, 3, 9, 2, 0],
      [2, 2, 8, 1, 1],
      [7, 7, 0, 0, 0],
      [3, 2, 6, 3, 0],
      [2, 5, 3, 2, 2],
      [6, 5, 2, 1, 0],
      [0, 2, 2, 3, 7],
    ]
    const units = counts.map(row => row.flatMap((times, category) => Array<string>(times).fill(String(category))))
    expect((await measureNominalAgreement(units)).fleissKappa).toBeCloseTo(0.21, 3)
  })

  it('cannot be told from chance where everyone always says the same, nor without a pair', async () => {
    expect(
      await measureNominalAgreement([
        ['A', 'A'],
        ['A', 'A', 'A'],
      ]),
    ).toEqual({
      ...{ units: 2, pairs: 4, agreeingShare: 1, alpha: null, fleissKappa: null },
    })
    expect(await measureNominalAgreement([['A'], ['B']])).toEqual({
      ...{ units: 0, pairs: 0, agreeingShare: null, alpha: null, fleissKappa: null },
    })
  })

  it('is below 0 where judges say the opposite of each other', async () => {
    // Nobody agrees; by chance 4/12 of the pairs would.
    const { alpha } = await measureNominalAgreement([
      ['A', 'B'],
      ['B', 'A'],
    ])
    expect(alpha).toBeCloseTo(-0.5, 12)
  })
})

describe('agreement about numbers', () => {
  it('is 1 less the squared differences within units over those between all values', async () => {
    const { alpha, ...rest } = await measureIntervalAgreement([[2, 4], [6, 6], [8, 10, 9], [5]])
    // Differences 2, 0 and 2, 1, 1. Observed (8 + 0 + 6)/7 = 2; expected 2 (7 x 337 - 45^2)/42 = 668/42.
    expect(rest).toEqual({ units: 3, pairs: 5, meanAbsoluteDifference: 1.2 })
    expect(alpha).toBeCloseTo(1 - 84 / 668, 12)
  })

  it("is the published alpha of Krippendorff's example", async () => {
    expect((await measureIntervalAgreement(published.map(unit => unit.map(Number)))).alpha).toBeCloseTo(0.849, 3)
  })

  it('cannot be told where all values are the same, nor without a pair', async () => {
    const same = [0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2]
    expect(await measureIntervalAgreement([same, same])).toEqual({
      ...{ units: 2, pairs: 6, meanAbsoluteDifference: 0, alpha: null },
    })
    expect(await measureIntervalAgreement([[3], []])).toEqual({
      ...{ units: 0, pairs: 0, meanAbsoluteDifference: null, alpha: null },
    })
  })
})
