import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PreferenceRecipe } from '../src/datasets/recipe.ts'
import type { PairFacts } from '../src/datasets/recipes/preference.ts'
import { preference } from '../src/datasets/recipes/preference.ts'
import type { ScoredTrajectory } from '../src/datasets/recipes/scored-trajectory.ts'
import { scoredRound, scoredTrajectory } from './support/scored-trajectory.ts'

const defaults: PreferenceRecipe = {
  kind: 'preference',
  judge: null,
  taskKey: 'task',
  minMargin: 1,
  useHuman: true,
  maxPairsPerJob: null,
}

function run(trajectories: readonly ScoredTrajectory[], recipe: Partial<PreferenceRecipe> = {}) {
  const pipeline = preference({ ...defaults, ...recipe })
  for (const trajectory of trajectories) pipeline.add(trajectory)
  const { samples, funnel } = pipeline.finish()
  const pairs = samples.map(({ roundId, rejectedId, facts }) => {
    const { margin, decidedBy } = facts as PairFacts // the recipe's own
    return [roundId, rejectedId, decidedBy, margin]
  })
  return { pairs, counts: funnel.map(line => [line.name, line.in, line.kept, line.dropped]), funnel, samples }
}

describe('pairs by scores', () => {
  it('are of the best round against those that are worse by the margin', () => {
    const { pairs, counts } = run([
      scoredTrajectory('a', [3, 8, 7.5, null]), // 7.5 is too close, the last is unscored
      scoredTrajectory('b', [5]),
      scoredTrajectory('c', [4, 4]), // a tie
    ])
    expect(pairs).toEqual([['a.2.0', 'a.1.0', 'SCORES', 5]])
    expect(counts).toEqual([
      ['match the filter', 3, 3, 0],
      ['several pictures', 3, 2, 1], // b
      ['pictures differ', 4, 4, 0], // three of a, one of c
      ['margin', 4, 1, 3],
      ['decided', 1, 1, 0],
      ['deduplicate', 1, 1, 0],
      ['limit a job', 1, 1, 0],
    ])
  })

  it('are of candidates too, and of no picture against itself', () => {
    const rounds = [
      scoredRound('a', 1, 9, { candidate: 0, picture: 'same' }),
      scoredRound('a', 1, 2, { candidate: 1 }),
      scoredRound('a', 2, 4, { picture: 'same' }),
    ]
    const { pairs, counts } = run([{ ...scoredTrajectory('a', []), rounds }])
    expect(pairs).toEqual([['a.1.0', 'a.1.1', 'SCORES', 7]])
    expect(counts[2]).toEqual(['pictures differ', 2, 1, 1])
  })

  it('come once where several jobs have the same two pictures, the widest margin first', () => {
    const pictures = { 1: { picture: 'p' }, 2: { picture: 'q' } }
    const { pairs, counts } = run([
      scoredTrajectory('a', [5, 9], { content: 'cat', rounds: pictures }),
      scoredTrajectory('b', [9, 2], { content: 'cat', rounds: pictures }), // the other way round, and wider
      scoredTrajectory('c', [5, 9], { content: 'dog', rounds: pictures }), // another source: another pair
    ])
    expect(pairs).toEqual([
      ['b.1.0', 'b.2.0', 'SCORES', 7],
      ['c.2.0', 'c.1.0', 'SCORES', 4],
    ])
    expect(counts[5]).toEqual(['deduplicate', 3, 2, 1])
  })

  it('are no more a job than wanted, those with the widest margins', () => {
    const { pairs, counts } = run([scoredTrajectory('a', [1, 5, 3, 9])], { maxPairsPerJob: 2 })
    expect(pairs).toEqual([
      ['a.4.0', 'a.1.0', 'SCORES', 8],
      ['a.4.0', 'a.3.0', 'SCORES', 6],
    ])
    expect(counts[6]).toEqual(['limit a job', 3, 2, 1])
  })
})

describe('what people chose', () => {
  const [one, two] = [scoredRound('a', 1, 3), scoredRound('a', 2, 8)]
  const chose = (...votes: ScoredTrajectory['votes']) => scoredTrajectory('a', [3, 8], { votes })

  it('wins over scores', () => {
    expect(run([chose({ chosenId: one.id, rejected: two, isTie: false })]).pairs).toEqual([
      ['a.1.0', 'a.2.0', 'HUMAN', -5],
    ])
  })

  it('as a tie makes no pair, nor where people are divided', () => {
    const tie = run([chose({ chosenId: one.id, rejected: two, isTie: true })])
    expect(tie.pairs).toEqual([])
    expect(tie.counts[4]).toEqual(['decided', 2, 0, 2]) // theirs and that of the scores
    const first = { chosenId: one.id, rejected: two, isTie: false }
    const second = { chosenId: two.id, rejected: one, isTie: false }
    expect(run([chose(first, second)]).pairs).toEqual([])
    expect(run([chose(first, second, second)]).pairs).toEqual([['a.2.0', 'a.1.0', 'HUMAN', 5]])
  })

  it('as the best of a job beats all others, scored or not', () => {
    const { pairs } = run([
      scoredTrajectory('a', [3, null, 9], { votes: [{ chosenId: 'a.1.0', rejected: null, isTie: false }] }),
    ])
    expect(pairs).toEqual([
      ['a.1.0', 'a.2.0', 'HUMAN', null],
      ['a.1.0', 'a.3.0', 'HUMAN', -6],
      // the scores' own pair of 3 and 1 is the same two pictures
    ])
  })

  it('may be against a round of another job, and is left out where not asked for', () => {
    const foreign = scoredRound('z', 1, 2)
    const voted = scoredTrajectory('a', [5], { votes: [{ chosenId: 'a.1.0', rejected: foreign, isTie: false }] })
    expect(run([voted]).pairs).toEqual([['a.1.0', 'z.1.0', 'HUMAN', 3]])
    expect(run([voted], { useHuman: false }).pairs).toEqual([])
  })
})

describe('whatever comes', () => {
  const vote = fc.record({ chosen: fc.nat(3), rejected: fc.option(fc.nat(3)), isTie: fc.boolean() })
  const trajectory = fc.record({
    scores: fc.array(fc.option(fc.integer({ min: 0, max: 10 })), { minLength: 1, maxLength: 4 }),
    content: fc.constantFrom('cat', 'dog'),
    pictures: fc.array(fc.constantFrom('p', 'q', 'r', 's'), { minLength: 4, maxLength: 4 }),
    votes: fc.array(vote, { maxLength: 3 }),
  })
  const recipe = fc.record({
    minMargin: fc.option(fc.constantFrom(0.5, 2)),
    useHuman: fc.boolean(),
    maxPairsPerJob: fc.option(fc.integer({ min: 1, max: 2 })),
  })

  it('no two pictures are paired twice, the funnel adds up, and the order makes no difference', () => {
    fc.assert(
      fc.property(fc.array(trajectory, { maxLength: 8 }), recipe, (seeds, rule) => {
        const made = seeds.map(({ scores, content, pictures, votes }, at) => {
          const rounds = Object.fromEntries(pictures.map((picture, index) => [index + 1, { picture }]))
          const plain = scoredTrajectory(`t${at}`, scores, { content, rounds })
          const ballots = votes.flatMap(({ chosen, rejected, isTie }) => {
            const [better, worse] = [plain.rounds[chosen], rejected === null ? null : plain.rounds[rejected]]
            return better && worse !== undefined && worse !== better
              ? [{ chosenId: better.id, rejected: worse, isTie: isTie && worse !== null }]
              : []
          })
          return { ...plain, votes: ballots }
        })
        const { pairs, funnel, samples } = run(made, rule)
        expect(run([...made].reverse(), rule)).toMatchObject({ pairs, funnel })
        for (const line of funnel) expect(line.in).toBe(line.kept + line.dropped)
        for (const [at, line] of funnel.entries()) {
          const before = funnel[at - 1]
          if (before?.unit === line.unit) expect(line.in).toBe(before.kept)
        }
        const pictureOf = new Map(made.flatMap(({ rounds }) => rounds.map(round => [round.id, round.picture])))
        const keys = samples.map(({ splitKey, roundId, rejectedId }) => {
          const two = [pictureOf.get(String(roundId)), pictureOf.get(String(rejectedId))]
          expect(two[0]).not.toBe(two[1])
          return [splitKey, ...two.sort()].join()
        })
        expect(new Set(keys).size).toBe(keys.length)
      }),
    )
  })
})
