// What another stop rule would have made of a run that is over: the loop's own decisions over the scores it left. A rule
// moves only the moment at which a run stops. It changes neither which candidate goes on nor what follows, so up to there
// the history is the one that would have been.

import { chooseBest, roundScore } from './choose-best.ts'
import type { LoopRound, LoopState } from './round.ts'
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
export function toReplayable(run: RecordedRun): ReplayableRun {
  const { stopReason, critique } = run
  const lastIndex = run.steps.at(-1)?.[0]
  const moments: Moment[] = []
  const rounds: LoopRound[] = []
  let moment: Moment = { latest: [], rounds: [], edits: 0, editorSeconds: 0, thinkerTokens: 0 }
  for (const step of run.steps) {
    const [index, , hasPicture, , , , , , editorSeconds, tokens] = step
    if (rounds.at(-1)?.index !== index) {
      moment = { ...moment, latest: [] }
      moments.push(moment)
    }
    const round = toRound(step, stopReason === 'DEADLINE' && index === lastIndex)
    rounds.push(round)
    moment.latest.push(round)
    moment.rounds = rounds.slice()
    moment.edits += index > 0 && hasPicture ? 1 : 0
    moment.editorSeconds += editorSeconds ?? 0
    moment.thinkerTokens += tokens ?? 0
  }
  if (moments.length === 0) moments.push(moment)
  moment.editorSeconds = run.editorSeconds
  moment.thinkerTokens = run.thinkerTokens
  return { stopReason, critique, moments }
}

/** Where the run would have stopped by `rule`. */
export function replay(run: ReplayableRun, rule: ReplayRule): Replayed {
  const { maxRounds, select, ...limits } = rule
  const stop: StopRule = { ...limits, deadlineSeconds: null }
  const settings: LoopSettings = { ...unimportant, maxRounds, select, stop, critique: run.critique }
  const last = run.moments.length - 1
  for (const [position, moment] of run.moments.entries()) {
    const stopReason = findEnd(run, moment, settings, position === last)
    if (stopReason === null && position < last) continue
    const best = chooseBest(settings, moment.rounds)
    const { edits, editorSeconds, thinkerTokens } = moment
    const result = { bestIndex: best?.index ?? null, overall: best && roundScore(best) }
    return { stopReason, ...result, edits, editorSeconds, thinkerTokens }
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
  const spent = { rounds, editorSeconds, thinkerTokens, isPastDeadline }
  const state: LoopState = { settings, instruction: '', start: null, baseSeed: 0, ...spent }
  return latest.length === 0 && !isPastDeadline ? findLimit(state) : findStopReason(state, latest)
}

function toRound(step: RecordedStep, isCutShort: boolean): LoopRound {
  const [index, candidate, hasImage, isLive, semantic, quality, isSatisfied, refined] = step
  // Only whether the refined prompt is the round's own matters, not what either says.
  const prompt = index === 0 ? '' : 'prompt'
  const refinedPrompt = refined === 2 ? 'refined' : refined === 1 ? prompt : null
  const errorCode = refined === -1 ? 'UNREADABLE_VERDICT' : null
  const critique = refined === null ? null : { semantic, quality, isSatisfied, refinedPrompt, errorCode }
  // At a deadline it may have failed too, which is not kept: then the deadline is said to have come first.
  const open = hasImage || index === 0 ? 'EDITED' : 'PENDING'
  const status = !isLive ? (isCutShort ? 'CANCELED' : 'FAILED') : critique ? 'CRITIQUED' : open
  const id = `${index}.${candidate}`
  return { ...unseen, id, index, candidate, status, hasImage, prompt, critique }
}

// Nothing here hangs on these.
const unseen = { parentId: null, promptSource: 'REFINED', seed: null } as const
const unimportant = { firstRound: 'DIRECT', candidates: 1, editFrom: 'SOURCE', seed: null } as const
