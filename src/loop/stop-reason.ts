import { chooseHighest, isRoundSatisfied, roundScore } from './choose-best.ts'
import { nextPrompt } from './next-prompt.ts'
import type { LoopRound, LoopState } from './round.ts'
import type { LoopSettings } from './settings.ts'

/** Why a run ended by the loop's own decision (a cancel is the caller's). */
export type LoopStopReason =
  | 'SATISFIED'
  | 'NO_REFINEMENT'
  | 'PATIENCE'
  | 'BUDGET'
  | 'DEADLINE'
  | 'MAX_ROUNDS'
  | 'FAILED'

/**
 * Why the run ends after the latest index, whose candidates are all settled (or, past the deadline, given up); null: it
 * goes on. Any satisfied candidate is enough. All failed is FAILED; an index the deadline cut short is judged no further.
 */
export function findStopReason(state: LoopState, latest: readonly LoopRound[]): LoopStopReason | null {
  const { settings } = state
  if (latest.some(round => isRoundSatisfied(settings.stop, round) === true)) return 'SATISFIED'
  const isCutShort = latest.length === 0 || latest.some(round => round.status === 'CANCELED' || isOpen(settings, round))
  if (state.isPastDeadline && isCutShort) return 'DEADLINE'
  const leading = chooseLeading(settings, latest)
  if (leading === null) return 'FAILED'
  if (!settings.critique) return 'MAX_ROUNDS'
  if (nextPrompt(state, leading) === null) return 'NO_REFINEMENT'
  if (isOutOfPatience(state)) return 'PATIENCE'
  return findLimit(state) ?? (leading.index >= settings.maxRounds ? 'MAX_ROUNDS' : null)
}

/** The limit that forbids any further call: BUDGET before DEADLINE; null: none is reached. */
export function findLimit(spent: LoopState): 'BUDGET' | 'DEADLINE' | null {
  const { stop } = spent.settings
  if (stop.maxEditorSeconds !== null && spent.editorSeconds >= stop.maxEditorSeconds) return 'BUDGET'
  if (stop.maxThinkerTokens !== null && spent.thinkerTokens >= stop.maxThinkerTokens) return 'BUDGET'
  return spent.isPastDeadline ? 'DEADLINE' : null
}

/** Whether a stage of the round is still to come: its edit, or its critique where the job has any. */
export function isOpen({ critique }: LoopSettings, round: LoopRound): boolean {
  return round.status === 'PENDING' || (critique && round.status === 'EDITED')
}

/**
 * The candidate of an index that goes on: the first in rank of those whose verdict can be read, else of those not failed;
 * null: all failed.
 */
export function chooseLeading(settings: LoopSettings, candidates: readonly LoopRound[]): LoopRound | null {
  const alive = candidates.filter(round => round.status === 'EDITED' || round.status === 'CRITIQUED')
  const readable = alive.filter(round => isRoundSatisfied(settings.stop, round) !== null)
  return chooseHighest(settings.stop, readable.length > 0 ? readable : alive)
}

// Counts indexes that have a score: an unreadable verdict says nothing about a gain, so it neither counts nor resets.
function isOutOfPatience({ settings, rounds }: LoopState): boolean {
  const { patience } = settings.stop
  if (patience === null) return false
  const bestOfIndex = new Map<number, number>()
  for (const round of rounds) {
    const score = round.index > 0 ? roundScore(round) : null
    if (score !== null) bestOfIndex.set(round.index, Math.max(score, bestOfIndex.get(round.index) ?? score))
  }
  let best = Number.NEGATIVE_INFINITY
  let withoutGain = 0
  for (const [, score] of [...bestOfIndex].sort(([a], [b]) => a - b)) {
    withoutGain = score > best ? 0 : withoutGain + 1
    best = Math.max(best, score)
  }
  return withoutGain > 0 && withoutGain >= patience
}
