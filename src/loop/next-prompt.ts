import { isRoundSatisfied } from './choose-best.ts'
import type { LoopRound, LoopState, PromptSource } from './round.ts'
import { refinedPromptOf } from './satisfied.ts'

/** A prompt and where it came from. */
export type Prompt = { prompt: string; promptSource: PromptSource }

/**
 * The prompt that follows an unsatisfied round: its refined one; after an unreadable verdict the same again (the new index
 * brings a new seed); after round 0, where nothing was refined, the instruction.
 * null: the critic left the prompt as it was, so there is nothing to try.
 */
export function nextPrompt({ settings, instruction }: LoopState, round: LoopRound): Prompt | null {
  const same: Prompt =
    round.index === 0
      ? { prompt: instruction, promptSource: 'INSTRUCTION' }
      : { prompt: round.prompt, promptSource: round.promptSource }
  if (round.critique === null || isRoundSatisfied(settings.stop, round) === null) return same
  const refined = refinedPromptOf(round.critique)
  if (refined === round.prompt.trim()) return null
  if (refined !== null) return { prompt: refined, promptSource: 'REFINED' }
  // No refined prompt: a critic content with scores below the threshold wants nothing changed; any other was unreadable.
  return round.index > 0 && round.critique.isSatisfied === true ? null : same
}
