// Pairs for preference training: the best round of a job against its worse rounds and candidates, by scores and by what
// people chose. People win over scores; what they are divided about makes no pair.

import type { ChosenSample, Pipeline, PreferenceRecipe } from '../recipe.ts'
import type { PairSample, SampleScores } from '../sample.ts'
import { makeFunnel } from './funnel.ts'
import type { ScoredRound, ScoredTrajectory } from './scored-trajectory.ts'

/** What the recipe says of a pair. */
export type PairFacts = Pick<PairSample, 'task' | 'decidedBy' | 'margin'> & {
  chosen: SampleScores
  rejected: SampleScores
}

type Owner = Pick<ScoredTrajectory, 'jobId' | 'splitKey' | 'task'>
type Pair = PairSideFacts & { owner: Owner; decidedBy: 'HUMAN' | 'SCORES' }
type PairSideFacts = { chosen: ScoredRound; rejected: ScoredRound }

/** What people said of two pictures, and a pair either way round with the first owner by content. */
type Tally = { balance: number; pair: Pair; digest: string }

/** The recipe at work. */
export function preference(recipe: PreferenceRecipe): Pipeline {
  const funnel = makeFunnel([
    { id: 'matched', name: 'match the filter', unit: 'trajectories', reason: null },
    { id: 'several', name: 'several pictures', unit: 'trajectories', reason: 'fewer than two rounds have a picture' },
    { id: 'differ', name: 'pictures differ', unit: 'pairs', reason: 'both pictures are the same' },
    { id: 'margin', name: 'margin', unit: 'pairs', reason: 'not scored, or the scores are closer than the margin' },
    {
      id: 'decided',
      name: 'decided',
      unit: 'pairs',
      reason: 'people call it a tie or are divided, which wins over scores',
    },
    {
      id: 'once',
      name: 'deduplicate',
      unit: 'pairs',
      reason: 'the same two pictures for the same source and instruction',
    },
    { id: 'limit', name: 'limit a job', unit: 'pairs', reason: 'more than the pairs that a job may give' },
  ])
  const byScores: (Pair & { key: string })[] = []
  const tallies = new Map<string, Tally>()

  function add(trajectory: ScoredTrajectory): void {
    funnel.pass('matched')
    const { rounds, votes, contentKey, jobId, splitKey, task } = trajectory
    if (!funnel.pass('several', rounds.length > 1 || votes.length > 0)) return
    const owner = { jobId, splitKey, task }
    if (recipe.useHuman) for (const pair of toVotes(trajectory)) tally({ ...pair, owner }, pair.isTie, contentKey)
    const best = toBest(rounds)
    if (recipe.minMargin === null || best === null) return
    for (const rejected of rounds) {
      if (rejected === best) continue
      const pair: Pair = { owner, chosen: best, rejected, decidedBy: 'SCORES' }
      if (!funnel.pass('differ', rejected.picture !== best.picture)) continue
      if (!funnel.pass('margin', (toMargin(pair) ?? -1) >= recipe.minMargin)) continue
      byScores.push({ ...pair, key: toKey(contentKey, best.picture, rejected.picture) })
    }
  }

  function tally(pair: PairSideFacts & { owner: Owner }, isTie: boolean, contentKey: string): void {
    const { chosen, rejected, owner } = pair
    if (chosen.picture === rejected.picture) return
    const key = toKey(contentKey, chosen.picture, rejected.picture)
    const vote = isTie ? 0 : chosen.picture < rejected.picture ? 1 : -1
    const digest = [owner.task, chosen.digest, rejected.digest].sort().join()
    const known = tallies.get(key)
    const isFirst = known === undefined || digest < known.digest
    const shown: Pick<Tally, 'pair' | 'digest'> = isFirst
      ? { pair: { chosen, rejected, owner, decidedBy: 'HUMAN' }, digest }
      : known
    tallies.set(key, { ...shown, balance: (known?.balance ?? 0) + vote })
  }

  function finish(): ReturnType<Pipeline['finish']> {
    const pairs: (Pair & { key: string })[] = []
    for (const [key, { balance, pair }] of tallies) {
      funnel.pass('differ')
      funnel.pass('margin') // people need none
      if (funnel.pass('decided', balance !== 0)) pairs.push({ ...turn(pair, balance), key })
    }
    for (const pair of byScores) {
      if (funnel.pass('decided', tallies.get(pair.key)?.balance !== 0)) pairs.push(pair)
    }
    pairs.sort(comparePairs)
    return { samples: limit(pairs), funnel: funnel.lines() }
  }

  function limit(pairs: readonly (Pair & { key: string })[]): ChosenSample[] {
    const seen = new Set<string>()
    const ofJob = new Map<string, number>()
    const kept = pairs.filter(({ key, owner }) => {
      if (!funnel.pass('once', !seen.has(key))) return false
      seen.add(key)
      const before = ofJob.get(owner.jobId) ?? 0
      if (!funnel.pass('limit', before < (recipe.maxPairsPerJob ?? Number.POSITIVE_INFINITY))) return false
      ofJob.set(owner.jobId, before + 1)
      return true
    })
    return kept.map(toSample)
  }

  return { add, finish }
}

/** Each choice as pairs: the best of all rounds beats every other. */
function toVotes({ rounds, votes }: ScoredTrajectory): (PairSideFacts & { isTie: boolean })[] {
  return votes.flatMap(({ chosenId, rejected, isTie }) => {
    const chosen = rounds.find(round => round.id === chosenId)
    if (!chosen) return []
    const others = rejected ? [rejected] : rounds.filter(round => round !== chosen)
    return others.map(other => ({ chosen, rejected: other, isTie }))
  })
}

/** The highest overall; of equals the earlier. Null: nothing is scored. */
function toBest(rounds: readonly ScoredRound[]): ScoredRound | null {
  return rounds.reduce<ScoredRound | null>((best, round) => {
    if (round.overall === null) return best
    return best === null || round.overall > (best.overall ?? 0) ? round : best
  }, null)
}

function turn(pair: Pair, balance: number): Pair {
  const isRight = pair.chosen.picture < pair.rejected.picture === balance > 0
  return isRight ? pair : { ...pair, chosen: pair.rejected, rejected: pair.chosen }
}

function toMargin({ chosen, rejected }: PairSideFacts): number | null {
  return chosen.overall === null || rejected.overall === null ? null : chosen.overall - rejected.overall
}

// A third of each hash is plenty: a million pairs meet by chance once in 10^20 runs.
function toKey(contentKey: string, a: string, b: string): string {
  const [low, high] = a < b ? [a, b] : [b, a]
  return contentKey.slice(0, 22) + low.slice(0, 22) + high.slice(0, 22)
}

// What people chose first, then the widest margins; of equals by content.
function comparePairs(a: Pair & { key: string }, b: Pair & { key: string }): number {
  if (a.decidedBy !== b.decidedBy) return a.decidedBy === 'HUMAN' ? -1 : 1
  const byMargin = (toMargin(b) ?? 0) - (toMargin(a) ?? 0)
  if (byMargin !== 0) return byMargin
  const [ofA, ofB] = [a, b].map(({ key, chosen, rejected, owner }) =>
    [key, chosen.digest, rejected.digest, owner.task].join(),
  )
  return String(ofA) < String(ofB) ? -1 : 1
}

function toSample(pair: Pair): ChosenSample {
  const { owner, chosen, rejected, decidedBy } = pair
  const { jobId, splitKey, task } = owner
  const facts = { task, decidedBy, margin: toMargin(pair), chosen: toScores(chosen), rejected: toScores(rejected) }
  return { jobId, splitKey, roundId: chosen.id, rejectedId: rejected.id, critiqueId: null, facts }
}

function toScores({ semantic, quality, overall }: ScoredRound): SampleScores {
  return { semantic, quality, overall }
}
