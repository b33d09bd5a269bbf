// The Think-while-Edit loop (EditThinker, arXiv 2512.05965) as decisions over what is stored. No clock, no randomness, no
// I/O: the same state gives the same decision. The caller holds the job's lock and carries the decision out at once, so an
// index is decided once: as soon as the next one exists, the latest index is that one, and it is still open.
import { chooseBest } from './choose-best.ts'
import { nextPrompt } from './next-prompt.ts'
import { type EditDecision, planFirstIndex, planNextIndex } from './plan.ts'
import { type LoopState, latestRounds } from './round.ts'
import { chooseLeading, findLimit, findStopReason, isOpen, type LoopStopReason } from './stop-reason.ts'

/** The run's end. `bestRoundId` is the result's round, also where the run failed; null: no picture was made. */
export type FinishDecision = {
  type: 'finish'
  status: 'SUCCEEDED' | 'FAILED'
  stopReason: LoopStopReason
  bestRoundId: string | null
}

/**
 * What to do next. `polish`: a POLISH task. `critiqueSource`: round 0 with a THINK task. `edit`: these rounds with an EDIT task
 * each. `wait`: nothing, candidates of the latest index are still at work.
 */
export type Decision =
  | { type: 'polish' }
  | { type: 'critiqueSource' }
  | EditDecision
  | { type: 'wait' }
  | FinishDecision

/**
 * What a new job does first. A fork begins with its own prompt and a job without critique with its instruction, whatever
 * `firstRound` says: no thinker is asked before them.
 */
export function decideStart(state: LoopState): Decision {
  const { settings, start, instruction } = state
  if (state.rounds.length > 0) return { type: 'wait' }
  const limit = findLimit(state)
  if (limit !== null) return finish(state, limit)
  if (start !== null) return planFirstIndex(state, { prompt: start.prompt, promptSource: start.promptSource })
  if (!settings.critique) return planFirstIndex(state, { prompt: instruction, promptSource: 'INSTRUCTION' })
  switch (settings.firstRound) {
    case 'DIRECT':
      return planFirstIndex(state, { prompt: instruction, promptSource: 'INSTRUCTION' })
    case 'POLISH':
      return { type: 'polish' }
    case 'EVALUATE':
      return { type: 'critiqueSource' }
    default:
      return settings.firstRound satisfies never
  }
}

/**
 * What follows the POLISH stage. `polished` null or empty (unreadable at the last ask): round 1 edits with the instruction,
 * and its prompt source says so.
 */
export function decideAfterPolish(state: LoopState, polished: string | null): Decision {
  if (state.rounds.length > 0) return { type: 'wait' }
  const limit = findLimit(state)
  if (limit !== null) return finish(state, limit)
  const prompt = polished?.trim() || null
  return prompt === null
    ? planFirstIndex(state, { prompt: state.instruction, promptSource: 'INSTRUCTION' })
    : planFirstIndex(state, { prompt, promptSource: 'POLISHED' })
}

/**
 * What follows a stage of a round that completed or failed for good. Waits until every candidate of the latest index is
 * judged or failed (without critique: edited or failed), then ends the run or plans the next index from the best candidate.
 */
export function decideNext(state: LoopState): Decision {
  const { settings } = state
  const latest = latestRounds(state.rounds)
  if (latest.length === 0 || latest.some(round => isOpen(settings, round))) return { type: 'wait' }
  const stopReason = findStopReason(state, latest)
  if (stopReason !== null) return finish(state, stopReason)
  const leading = chooseLeading(settings, latest)
  const prompt = leading && nextPrompt(state, leading)
  return prompt ? planNextIndex(state, leading, prompt) : finish(state, 'FAILED')
}

/**
 * The end of a run whose deadline has passed, for the transaction that ends its last leased task (or finds none). Rounds
 * still open are given up: what they made counts, nothing is waited for. A satisfied round still ends it as SATISFIED.
 */
export function decideDeadline(state: LoopState): FinishDecision {
  const late: LoopState = { ...state, isPastDeadline: true }
  return finish(late, findStopReason(late, latestRounds(late.rounds)) ?? 'DEADLINE')
}

/** The end of a run that cannot go on although no index failed: its polish is dead, or its source cannot be read. */
export function decideFailure(state: LoopState): FinishDecision {
  return finish(state, 'FAILED')
}

// A limit met before anything was edited leaves nothing to call a success.
function finish({ settings, rounds }: LoopState, stopReason: LoopStopReason): FinishDecision {
  const isLimit = stopReason === 'BUDGET' || stopReason === 'DEADLINE'
  const hasEdit = rounds.some(round => round.index > 0 && round.hasImage)
  const status = stopReason === 'FAILED' || (isLimit && !hasEdit) ? 'FAILED' : 'SUCCEEDED'
  return { type: 'finish', status, stopReason, bestRoundId: chooseBest(settings, rounds)?.id ?? null }
}
