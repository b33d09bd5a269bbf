import type { LoopRound, LoopStart } from './round.ts'
import { refinedPromptOf } from './satisfied.ts'

/**
 * How a fork of `round` begins: with the user's prompt, else the round's refined one, else the round's own again (of round 0:
 * the new job's instruction). Without a picture of its own the round's fork edits the source.
 */
export function decideFork(round: LoopRound, fork: { prompt: string | null; instruction: string }): LoopStart {
  const origin = {
    parentId: round.id,
    editFromRoundId: round.index > 0 && round.hasImage ? round.id : null,
  }
  if (fork.prompt !== null) return { ...origin, prompt: fork.prompt, promptSource: 'USER' }
  const refined = round.critique?.errorCode === null ? refinedPromptOf(round.critique) : null
  if (refined !== null) return { ...origin, prompt: refined, promptSource: 'REFINED' }
  if (round.index === 0) return { ...origin, prompt: fork.instruction, promptSource: 'INSTRUCTION' }
  return { ...origin, prompt: round.prompt, promptSource: round.promptSource }
}
