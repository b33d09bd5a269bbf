// ThinkEdit-140K as the paper builds it (section 4, D): keep a trajectory when some later step is at least as good as the
// first, cut it at its best step, unroll what is left to steps, balance them, tell RL from SFT by the variance of scores.

import type { ChosenSample, Pipeline, ThinkEditRecipe } from '../recipe.ts'
import type { StepSample } from '../sample.ts'
import { balanceSteps } from './balance.ts'
import { makeFunnel } from './funnel.ts'
import type { ScoredRound, ScoredTrajectory } from './scored-trajectory.ts'
import { decideSubsets } from './variance.ts'

/** What the recipe says of a step. */
export type StepFacts = Pick<StepSample, 'scores' | 'isFinal' | 'bestIndex' | 'variance' | 'subset' | 'task'>

/** A step before balancing: of its round no more than is needed, since all are in memory at once. */
export type Step = Pick<ScoredRound, 'id' | 'critiqueId' | 'semantic' | 'quality' | 'digest'> & {
  trajectory: CutTrajectory
  overall: number
  isFinal: boolean
}

/** What the steps of one trajectory share. */
export type CutTrajectory = {
  jobId: string
  splitKey: string
  task: string
  bestIndex: number
  /** Population variance and the lowest of S_1..S_k. */
  variance: number
  lowest: number
}

/** The recipe at work. */
export function thinkEdit(recipe: ThinkEditRecipe): Pipeline {
  const funnel = makeFunnel([
    { id: 'matched', name: 'match the filter', unit: 'trajectories', reason: null },
    { id: 'first', name: 'first round scored', unit: 'trajectories', reason: 'its first round has no score' },
    { id: 'later', name: 'later round scored', unit: 'trajectories', reason: 'no later round has a score' },
    { id: 'improved', name: 'improved', unit: 'trajectories', reason: 'every later round is worse than the first' },
    { id: 'cut', name: 'cut at the best round', unit: 'rounds', reason: 'comes after the best round' },
    ...(recipe.includeFinal
      ? []
      : [{ id: 'last' as const, name: 'unroll', unit: 'rounds' as const, reason: 'is the best round itself' }]),
    {
      id: 'read',
      name: 'critique read',
      unit: 'steps',
      reason: 'its critique is missing, unreadable or refines nothing',
    },
    { id: 'scored', name: 'step scored', unit: 'steps', reason: 'it has no score' },
  ])
  const steps: Step[] = []

  function add(trajectory: ScoredTrajectory): void {
    funnel.pass('matched')
    const leads = toLeads(trajectory.rounds)
    const [first, ...later] = leads.filter(hasScore)
    if (!funnel.pass('first', first?.index === 1) || !first) return
    if (!funnel.pass('later', later.length > 0)) return
    const best = later.reduce((a, b) => (b.overall > a.overall ? b : a)) // of equals the earlier
    if (!funnel.pass('improved', best.overall >= first.overall)) return
    const kept = leads.filter(round => round.index <= best.index)
    funnel.count('cut', { kept: kept.length, dropped: leads.length - kept.length })
    const scores = kept.filter(hasScore).map(round => round.overall)
    const { jobId, splitKey, task } = trajectory
    const variance = toVariance(scores)
    const cut = { jobId, splitKey, task, bestIndex: best.index, variance, lowest: Math.min(...scores) }
    for (const round of kept) unroll(cut, round)
  }

  function unroll(trajectory: CutTrajectory, round: ScoredRound): void {
    const isFinal = round.index === trajectory.bestIndex
    if (!recipe.includeFinal && !funnel.pass('last', !isFinal)) return
    if (!funnel.pass('read', round.answer === 'REFINED' || (isFinal && round.answer === 'UNREFINED'))) return
    const { id, critiqueId, semantic, quality, overall, digest } = round
    if (!funnel.pass('scored', overall !== null) || overall === null) return
    steps.push({ id, critiqueId, semantic, quality, overall, digest, trajectory, isFinal })
  }

  return {
    add,
    finish() {
      const balanced = balanceSteps(steps.splice(0), recipe.balance)
      const divided = decideSubsets(balanced.steps, recipe)
      return {
        samples: divided.steps.map(step => toSample(step, divided.subsetOf(step.trajectory))),
        funnel: [...funnel.lines(), ...balanced.funnel, ...divided.funnel],
      }
    },
  }
}

/** Of each index the candidate that the next index goes on from; of the last one the best. */
function toLeads(rounds: readonly ScoredRound[]): ScoredRound[] {
  const leads = new Map<number, ScoredRound>()
  for (const round of rounds) {
    const rival = leads.get(round.index)
    if (rival === undefined || isAhead(round, rival)) leads.set(round.index, round)
  }
  return [...leads.values()].sort((a, b) => a.index - b.index)
}

function isAhead(a: ScoredRound, b: ScoredRound): boolean {
  if (a.leads !== b.leads) return a.leads
  const [ofA, ofB] = [a.overall ?? -1, b.overall ?? -1]
  return ofA > ofB || (ofA === ofB && a.candidate < b.candidate)
}

function hasScore(round: ScoredRound): round is ScoredRound & { overall: number } {
  return round.overall !== null
}

function toVariance(scores: readonly number[]): number {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length
  return scores.reduce((sum, score) => sum + (score - mean) ** 2, 0) / scores.length
}

function toSample(step: Step, subset: StepFacts['subset']): ChosenSample {
  const { trajectory, id, critiqueId, isFinal, semantic, quality, overall } = step
  const { jobId, splitKey, task, bestIndex, variance } = trajectory
  const facts = { scores: { semantic, quality, overall }, isFinal, bestIndex, variance, subset, task }
  return { jobId, splitKey, roundId: id, rejectedId: null, critiqueId, facts }
}
