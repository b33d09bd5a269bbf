import type { LoopSettings } from './settings.ts'

/** PENDING: no picture yet. EDITED: a picture, no critique. CRITIQUED, FAILED and CANCELED are final. */
type RoundStatus = 'PENDING' | 'EDITED' | 'CRITIQUED' | 'FAILED' | 'CANCELED'

/** Where a round's prompt came from. */
export type PromptSource = 'INSTRUCTION' | 'POLISHED' | 'REFINED' | 'USER'

/** What a thinker said of one round, as far as the loop cares. Scores 0-10; `isSatisfied` is the critic's own word, null: gave none. */
export type LoopVerdict = {
  semantic: number | null
  quality: number | null
  isSatisfied: boolean | null
  refinedPrompt: string | null
}

/** The recorded verdict that drives the loop (the THINKER's). `errorCode` is set where no verdict could be read after all asks. */
export type LoopCritique = LoopVerdict & { errorCode: string | null }

/**
 * One candidate of one round index. Index 0 is the untouched source (EVALUATE), its prompt is ''. `hasImage`: an edited
 * picture is stored, also when the round failed or was canceled after that; what index 0 says there is ignored.
 */
export type LoopRound = {
  id: string
  index: number
  candidate: number
  parentId: string | null
  status: RoundStatus
  hasImage: boolean
  prompt: string
  promptSource: PromptSource
  seed: number | null
  critique: LoopCritique | null
}

/**
 * How a forked job begins: its own first prompt instead of a first-round strategy. `parentId` is the forked round,
 * `editFromRoundId` the round whose picture `editFrom: PREVIOUS` edits in round 1 (null: the source).
 */
export type LoopStart = {
  prompt: string
  promptSource: PromptSource
  parentId: string | null
  editFromRoundId: string | null
}

/**
 * All that a decision may depend on, read under the job's lock: every round of the job with its critique, in any order.
 * `editorSeconds`, `thinkerTokens` and `isPastDeadline` are this run's, so a retried job has its limits anew.
 * `baseSeed` is the job's, stored once; `settings.seed` wins over it where given.
 */
export type LoopState = {
  settings: LoopSettings
  instruction: string
  start: LoopStart | null
  rounds: LoopRound[]
  editorSeconds: number
  thinkerTokens: number
  isPastDeadline: boolean
  baseSeed: number
}

/** The candidates of the highest index, in candidate order; empty before any round. */
export function latestRounds(rounds: readonly LoopRound[]): LoopRound[] {
  const latestIndex = Math.max(...rounds.map(round => round.index))
  return rounds.filter(round => round.index === latestIndex).sort((a, b) => a.candidate - b.candidate)
}
