import { type Decision, decideNext, decideStart } from './decide.ts'
import { type LoopRound, type LoopState, latestRounds } from './round.ts'
import type { LoopSettings } from './settings.ts'

/** A round to set back to PENDING and the stage its new task resumes: THINK where it already has its picture. Its seed and prompt stay. */
export type ResetRound = { roundId: string; stage: 'EDIT' | 'THINK' }

/** `reset`: these rounds get a task under the new run. Otherwise nothing is to be repeated and the decision goes on from there. */
export type RetryDecision = Decision | { type: 'reset'; rounds: ResetRound[] }

/**
 * How a FAILED job goes on from its last good round, with the limits anew: spent time, tokens and deadline in `state` are the
 * new run's, so nothing yet. Only the latest index is repeated: one candidate that failed earlier belongs to an index long decided.
 * Before any round (the polish failed, or a limit was met before it) the job starts again.
 */
export function decideRetry(state: LoopState): RetryDecision {
  const latest = latestRounds(state.rounds)
  if (latest.length === 0) return decideStart(state)
  const broken = latest.filter(round => !isGood(state.settings, round))
  if (broken.length === 0) return decideNext(state)
  return { type: 'reset', rounds: broken.map(round => ({ roundId: round.id, stage: resumeStage(round) })) }
}

function isGood({ critique }: LoopSettings, round: LoopRound): boolean {
  return critique ? round.status === 'CRITIQUED' : round.hasImage
}

// Round 0 is never edited: its picture is the source.
function resumeStage(round: LoopRound): 'EDIT' | 'THINK' {
  return round.index === 0 || round.hasImage ? 'THINK' : 'EDIT'
}
