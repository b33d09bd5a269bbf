import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Balance, ThinkEditRecipe } from '../src/datasets/recipe.ts'
import type { FunnelLine } from '../src/datasets/recipes/funnel.ts'
import type { ScoredRound, ScoredTrajectory } from '../src/datasets/recipes/scored-trajectory.ts'
import { type StepFacts, thinkEdit } from '../src/datasets/recipes/think-edit.ts'
import { scoredRound, scoredTrajectory } from './support/scored-trajectory.ts'

const noBalance: Balance = { taskShares: null, scoreShares: null, maxPerCell: null }
const defaults: ThinkEditRecipe = {
  kind: 'think-edit',
  judge: null,
  taskKey: 'task',
  includeFinal: false,
  balance: noBalance,
  variance: null,
  subset: 'ALL',
}

function run(trajectories: readonly ScoredTrajectory[], recipe: Partial<ThinkEditRecipe> = {}) {
  const pipeline = thinkEdit({ ...defaults, ...recipe })
  for (const trajectory of trajectories) pipeline.add(trajectory)
  const { samples, funnel } = pipeline.finish()
  const steps = samples.map(({ roundId, facts }) => ({ roundId, ...(facts as StepFacts) })) // the recipe's own
  return { samples, steps, funnel, ids: samples.map(sample => String(sample.roundId)).sort() }
}

const counts = (funnel: readonly FunnelLine[]) => funnel.map(line => [line.name, line.in, line.kept, line.dropped])

/** Each step counts what the one before it kept, as far as both count the same things. */
function expectSum(funnel: readonly FunnelLine[]): void {
  for (const [at, line] of funnel.entries()) {
    expect(line.in).toBe(line.kept + line.dropped)
    const before = funnel[at - 1]
    if (before?.unit === line.unit) expect(line.in).toBe(before.kept)
  }
}

// a: cut at 3 of 4 (7 and 7: the earlier), two steps. b: worse and worse. c: equal is kept, one step. d: one round.
// e: round 1 has no score. f: no later round has. g: round 2 cannot be read, so one step of 1..2.
const trajectories = [
  scoredTrajectory('a', [3, 5, 7, 7]),
  scoredTrajectory('b', [6, 5, 4]),
  scoredTrajectory('c', [4, 4]),
  scoredTrajectory('d', [9]),
  scoredTrajectory('e', [null, 5, 6]),
  scoredTrajectory('f', [5, null]),
  scoredTrajectory('g', [2, 3, 8], { rounds: { 2: { answer: 'UNREADABLE' } } }),
]

describe('the recipe of the paper', () => {
  it('keeps, cuts and unrolls what its rules say, and reports why the others went', () => {
    const { ids, funnel } = run(trajectories)
    expect(ids).toEqual(['a.1.0', 'a.2.0', 'c.1.0', 'g.1.0'])
    expect(counts(funnel)).toEqual([
      ['match the filter', 7, 7, 0],
      ['first round scored', 7, 6, 1], // e
      ['later round scored', 6, 4, 2], // d, f
      ['improved', 4, 3, 1], // b
      ['cut at the best round', 9, 8, 1], // a: 4 rounds cut to 3; c: 2; g: 3
      ['unroll', 8, 5, 3], // less three best rounds
      ['critique read', 5, 4, 1], // g, round 2
      ['step scored', 4, 4, 0],
    ])
    expectSum(funnel)
  })

  it("takes the best round's own critique as a last step where asked, with or without a refined prompt", () => {
    const last = [...trajectories, scoredTrajectory('h', [4, 9], { rounds: { 2: { answer: 'UNREFINED' } } })]
    const { ids, steps, funnel } = run(last, { includeFinal: true })
    expect(ids).toEqual(['a.1.0', 'a.2.0', 'a.3.0', 'c.1.0', 'c.2.0', 'g.1.0', 'g.3.0', 'h.1.0', 'h.2.0'])
    const finals = steps.filter(step => step.isFinal)
    expect(finals.map(step => step.roundId).sort()).toEqual(['a.3.0', 'c.2.0', 'g.3.0', 'h.2.0'])
    expectSum(funnel)
  })

  it('says of a step its score, where its trajectory was cut and how much the scores up to there vary', () => {
    const { steps } = run([scoredTrajectory('a', [3, 5, 7, 1], { task: 'style' })])
    const shared = { bestIndex: 3, variance: expect.closeTo(8 / 3, 10), subset: null, task: 'style', isFinal: false }
    expect(steps).toEqual([
      { roundId: 'a.1.0', scores: { semantic: 3, quality: 3, overall: 3 }, ...shared },
      { roundId: 'a.2.0', scores: { semantic: 5, quality: 5, overall: 5 }, ...shared },
    ])
  })

  it('takes of several candidates the one that the next round goes on from, of the last the best', () => {
    const rounds: ScoredRound[] = [
      scoredRound('a', 1, 2, { candidate: 0 }),
      scoredRound('a', 1, 3, { candidate: 1, leads: true }),
      scoredRound('a', 2, 4, { candidate: 0 }),
      scoredRound('a', 2, 6, { candidate: 1 }),
    ]
    const { ids } = run([{ ...scoredTrajectory('a', []), rounds }], { includeFinal: true })
    expect(ids).toEqual(['a.1.1', 'a.2.1'])
  })
})

describe('balancing', () => {
  const styles = [1, 2, 3, 4, 5, 6].map(n => scoredTrajectory(`s${n}`, [n < 4 ? 3 : 5, 9], { task: 'style' }))
  const others = [1, 2].map(n => scoredTrajectory(`o${n}`, [5, 9], { task: 'other' }))

  const balance = (rule: Partial<Balance>) => run([...styles, ...others], { balance: { ...noBalance, ...rule } })

  it('caps the steps of a task type and score level', () => {
    const { steps, funnel } = balance({ maxPerCell: 1 })
    expect(steps.map(step => [step.task, step.scores.overall]).sort()).toEqual([
      ['other', 5],
      ['style', 3],
      ['style', 5],
    ])
    expect(counts(funnel).at(-1)).toEqual(['cap', 8, 3, 5])
    expectSum(funnel)
  })

  it('gives each task type its share of as many as the scarcest allows', () => {
    const { steps, funnel } = balance({ taskShares: { style: 0.6, other: 0.4, absent: 1 } })
    expect(steps.filter(step => step.task === 'other')).toHaveLength(2) // all of them: 2 / 0.4 = 5 in all
    expect(steps.filter(step => step.task === 'style')).toHaveLength(3)
    expect(counts(funnel).at(-1)).toEqual(['balance by task', 8, 5, 3])
  })

  it('drops what no share names, and gives score levels theirs', () => {
    const { steps, funnel } = balance({ taskShares: { style: 1 }, scoreShares: { '2': 1, '4': 2 } })
    expect(steps.map(step => step.scores.overall).sort()).toEqual([3, 5, 5, 5]) // 3 of level 4 allow 1.5 of level 2
    expect(counts(funnel).slice(-2)).toEqual([
      ['balance by task', 8, 6, 2],
      ['balance by score', 6, 4, 2],
    ])
    expectSum(funnel)
  })
})

describe('the subsets', () => {
  // Variances of what is left after the cut: 0, 1, 4, 9 and 1 once more, but never below 8.
  const varied = [
    scoredTrajectory('a', [4, 4]),
    scoredTrajectory('b', [4, 6]),
    scoredTrajectory('c', [4, 8]),
    scoredTrajectory('d', [4, 10]),
    scoredTrajectory('e', [8, 10]),
  ]
  const rule = { threshold: null, wantedTrajectories: null, constantlyHigh: null }

  it('are parted by a given threshold, and are together everything', () => {
    const variance = { ...rule, threshold: 1 }
    expect(run(varied, { variance, subset: 'RL' }).ids).toEqual(['c.1.0', 'd.1.0'])
    expect(run(varied, { variance, subset: 'SFT' }).ids).toEqual(['a.1.0', 'b.1.0', 'e.1.0'])
    const { steps, funnel } = run(varied, { variance })
    expect(steps.map(step => step.subset).sort()).toEqual(['RL', 'RL', 'SFT', 'SFT', 'SFT'])
    expectSum(funnel)
  })

  it('leave what is constantly high to SFT', () => {
    const variance = { ...rule, threshold: 0.5, constantlyHigh: 8 }
    expect(run(varied, { variance, subset: 'RL' }).ids).toEqual(['b.1.0', 'c.1.0', 'd.1.0'])
  })

  it.each([
    [0, 0, 9],
    [1, 1, 4],
    [2, 2, 1],
    [3, 2, 1], // b and e vary alike: both would be one too many
    [4, 4, 0],
    [9, 4, 0],
  ])('for %i wanted trajectories have %i, by the threshold %d', (wantedTrajectories, found, threshold) => {
    const { ids, funnel } = run(varied, { variance: { ...rule, wantedTrajectories }, subset: 'RL' })
    expect(ids).toHaveLength(found)
    expect(funnel.at(-1)?.name).toBe(`subset RL, ${found} of 5 trajectories RL: variance above ${threshold}`)
  })
})

describe('whatever comes', () => {
  const score = fc.option(fc.integer({ min: 0, max: 10 }))
  const trajectory = fc.record({
    scores: fc.array(score, { maxLength: 5 }),
    task: fc.constantFrom('style', 'background', 'other'),
    unread: fc.option(fc.integer({ min: 1, max: 5 })),
  })
  const recipe = fc.record({
    includeFinal: fc.boolean(),
    balance: fc.record({
      taskShares: fc.option(fc.constant({ style: 0.5, background: 0.3, other: 0.2 })),
      scoreShares: fc.option(fc.constant({ '0': 1, '2': 2, '4': 3, '6': 3, '8': 1, '10': 1 })),
      maxPerCell: fc.option(fc.integer({ min: 1, max: 3 })),
    }),
    variance: fc.constantFrom({ threshold: null, wantedTrajectories: 3, constantlyHigh: 8 }),
    subset: fc.constantFrom('ALL' as const, 'SFT' as const, 'RL' as const),
  })

  it('the funnel adds up, and the order of the trajectories makes no difference', () => {
    fc.assert(
      fc.property(fc.array(trajectory, { maxLength: 12 }), recipe, fc.infiniteStream(fc.nat()), (seeds, rule, keys) => {
        const made = seeds.map(({ scores, task, unread }, at) =>
          scoredTrajectory(`t${at}`, scores, { task, rounds: unread ? { [unread]: { answer: 'UNREADABLE' } } : {} }),
        )
        const shuffled = made
          .map(one => ({ one, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one)
        const first = run(made, rule)
        const second = run(shuffled, rule)
        expectSum(first.funnel)
        expect(first.funnel.at(-1)?.kept).toBe(first.samples.length)
        expect(second.funnel).toEqual(first.funnel)
        expect(second.ids).toEqual(first.ids)
      }),
    )
  })
})
