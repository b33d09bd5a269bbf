// What another stop rule would have made of a run that is over: the loop's own decisions over the scores it left. A rule
// moves only the moment at which a run stops. It changes neither which candidate goes on nor what follows, so up to there
// the history is the one that would have been.

import { chooseBest, roundScore } from './choose-best.ts'
import type { LoopCritique, LoopRound, LoopState } from './round.ts'
import type { LoopSettings, StopRule } from './settings.ts'
import { findLimit, findStopReason, type LoopStopReason } from './stop-reason.ts'

/**
 * A round as a trajectory keeps it: [index, candidate, hasPicture, isLive, semantic, quality, isSatisfied, refined,
 * editorSeconds, tokens]. isLive: neither failed nor canceled. refined: 0 no refined prompt, 1 the same as the round's,
 * 2 another, -1 nothing could be read, null no critique.
 */
export type RecordedStep = readonly [
  index: number,
  candidate: number,
  hasPicture: boolean,
  isLive: boolean,
  semantic: number | null,
  quality: number | null,
  isSatisfied: boolean | null,
  refined: -1 | 0 | 1 | 2 | null,
  editorSeconds: number | null,
  tokens: number | null,
]

/** How a run ended: by the loop's own decision, or by the user. */
export type RunEnd = LoopStopReason | 'CANCELED'

/** A run that is over, steps in order of index and candidate. The totals may exceed what the steps tell of. */
export type RecordedRun = {
  steps: readonly RecordedStep[]
  stopReason: RunEnd
  /** Whether a thinker judged its rounds. */
  critique: boolean
  editorSeconds: number
  thinkerTokens: number
}

/** All that a replay can change. Deadlines it cannot: when a round ended is not kept. */
export type ReplayRule = Pick<LoopSettings, 'maxRounds' | 'select'> & Omit<StopRule, 'deadlineSeconds'>

/**
 * What a run would have come to. `stopReason` null: its history ends before the rule would have stopped it, and the rest
 * counts up to that end. `bestIndex`, `overall`: the result's, null where no picture was made or it has no score.
 */
export type Replayed = {
  stopReason: RunEnd | null
  bestIndex: number | null
  overall: number | null
  /** Pictures that the editor made. */
  edits: number
  editorSeconds: number
  thinkerTokens: number
}

/** One index of a run and all that had been by then; the last has what no step tells of (polish, repeated asks) too. */
type Moment = { latest: LoopRound[]; rounds: LoopRound[]; edits: number; editorSeconds: number; thinkerTokens: number }

/** A run made ready to be replayed by any number of rules. */
export type ReplayableRun = Pick<RecordedRun, 'stopReason' | 'critique'> & { moments: readonly Moment[] }

/** The run as the loop saw it. One that was retried counts as a single run. */
export function toReplayable({ steps, stopReason, critique, ...total }: RecordedRun): ReplayableRun {
  const lastIndex = steps.at(-1)?.[0]
  const rounds = steps.map(step => toRound(step, stopReason === 'DEADLINE' && step[0] === lastIndex))
  const moments: Moment[] = []
  let [edits, editorSeconds, thinkerTokens, begin] = [0, 0, 0, 0]
  for (const [position, step] of steps.entries()) {
    const index = step[0]
    if (index > 0 && step[2]) edits++
    editorSeconds += step[8] ?? 0
    thinkerTokens += step[9] ?? 0
    if (steps[position + 1]?.[0] === index) continue
    const [latest, soFar] = [rounds.slice(begin, position + 1), rounds.slice(0, position + 1)]
    moments.push({ latest, rounds: soFar, edits, editorSeconds, thinkerTokens })
    begin = position + 1
  }
  const last = moments.pop() ?? { latest: [], rounds: [], edits: 0 }
  const { editorSeconds: allSeconds, thinkerTokens: allTokens } = total
  moments.push({ ...last, editorSeconds: allSeconds, thinkerTokens: allTokens })
  return { stopReason, critique, moments }
}

/** Says of any run where it would have stopped by `rule`. */
export function makeReplay({ maxRounds, select, ...limits }: ReplayRule): (run: ReplayableRun) => Replayed {
  const stop: StopRule = { ...limits, deadlineSeconds: null }
  const judged: LoopSettings = { ...unimportant, maxRounds, select, stop, critique: true }
  const plain: LoopSettings = { ...judged, critique: false }
  return run => replay(run, run.critique ? judged : plain)
}

function replay(run: ReplayableRun, settings: LoopSettings): Replayed {
  const last = run.moments.length - 1
  for (const [position, moment] of run.moments.entries()) {
    const stopReason = findEnd(run, moment, settings, position === last)
    if (stopReason === null && position < last) continue
    const best = chooseBest(settings, moment.rounds)
    return {
      stopReason,
      bestIndex: best?.index ?? null,
      overall: best && roundScore(best),
      edits: moment.edits,
      editorSeconds: moment.editorSeconds,
      thinkerTokens: moment.thinkerTokens,
    }
  }
  throw new Error('A run has at least one moment.')
}

/** The overall score of the best candidate of an index that has a picture; null: none has a score. */
export function overallAt({ moments }: ReplayableRun, index: number): number | null {
  const candidates = moments.at(-1)?.rounds.filter(round => round.index === index && (index === 0 || round.hasImage))
  const scores = (candidates ?? []).map(roundScore).filter(score => score !== null)
  return scores.length > 0 ? Math.max(...scores) : null
}

function findEnd(run: ReplayableRun, moment: Moment, settings: LoopSettings, isLast: boolean): RunEnd | null {
  const { stopReason } = run
  // What ended it there came from outside the loop, or nothing was left to go on from: that no rule changes.
  if (isLast && (stopReason === 'CANCELED' || stopReason === 'FAILED')) return stopReason
  const { latest, rounds, editorSeconds, thinkerTokens } = moment
  const isPastDeadline = isLast && stopReason === 'DEADLINE'
  const state: LoopState = {
    settings,
    instruction: '',
    start: null,
    rounds,
    editorSeconds,
    thinkerTokens,
    isPastDeadline,
    baseSeed: 0,
  }
  return latest.length === 0 && !isPastDeadline ? findLimit(state) : findStopReason(state, latest)
}

// By position and in one literal: this runs for each round of every trajectory that is replayed.
function toRound(step: RecordedStep, isCutShort: boolean): LoopRound {
  const [index, hasImage, refined] = [step[0], step[2], step[7]]
  // Only whether the refined prompt is the round's own matters, not what either says.
  const prompt = index === 0 ? '' : 'prompt'
  const critique = refined === null ? null : toCritique(step, prompt)
  const open = hasImage || index === 0 ? 'EDITED' : 'PENDING'
  // At a deadline it may have failed too, which is not kept: then the deadline is said to have come first.
  const status = !step[3] ? (isCutShort ? 'CANCELED' : 'FAILED') : critique ? 'CRITIQUED' : open
  return {
    id: '', // like all that is empty here, it decides nothing
    index,
    candidate: step[1],
    parentId: null,
    status,
    hasImage,
    prompt,
    promptSource: 'REFINED',
    seed: null,
    critique,
  }
}

function toCritique(step: RecordedStep, prompt: string): LoopCritique {
  const refined = step[7]
  return {
    semantic: step[4],
    quality: step[5],
    isSatisfied: step[6],
    refinedPrompt: refined === 2 ? 'refined' : refined === 1 ? prompt : null,
    errorCode: refined === -1 ? 'UNREADABLE_VERDICT' : null,
  }
}

const unimportant = { firstRound: 'DIRECT', candidates: 1, editFrom: 'SOURCE', seed: null } as const
