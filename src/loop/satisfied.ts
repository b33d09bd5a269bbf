import type { LoopCritique, LoopVerdict } from './round.ts'
import { isScore } from './score.ts'
import type { StopRule } from './settings.ts'

/**
 * Whether a round reached its goal by the job's stop rule: both scores against the thresholds; where a score is missing
 * the critic's own word; where that is missing too, whether it left the prompt as it was (trimmed).
 * null: nothing was said that can be read, which is never "satisfied". `prompt` is the round's ('' for round 0).
 */
export function isSatisfied(
  stop: StopRule,
  critique: LoopVerdict | LoopCritique | null,
  prompt: string,
): boolean | null {
  if (critique === null || hasBadScore(critique)) return null
  if ('errorCode' in critique && critique.errorCode !== null) return null
  const { semantic, quality } = critique
  if (semantic !== null && quality !== null) return semantic >= stop.semanticAtLeast && quality >= stop.qualityAtLeast
  if (critique.isSatisfied !== null) return critique.isSatisfied
  const refined = refinedPromptOf(critique)
  return refined === null ? null : refined === prompt.trim()
}

/**
 * Whether a parsed verdict must be asked again: a score that is no number from 0 to 10, or no refined prompt although
 * neither the stop rule nor the critic itself is satisfied. (A critic content with low scores is readable: it has no refinement.)
 */
export function isUnreadable(stop: StopRule, verdict: LoopVerdict): boolean {
  if (hasBadScore(verdict)) return true
  if (refinedPromptOf(verdict) !== null || verdict.isSatisfied === true) return false
  return isSatisfied(stop, verdict, '') !== true
}

/** The refined prompt, trimmed; null where there is none to speak of. */
export function refinedPromptOf(verdict: LoopVerdict): string | null {
  return verdict.refinedPrompt?.trim() || null
}

function hasBadScore({ semantic, quality }: LoopVerdict): boolean {
  return (semantic !== null && !isScore(semantic)) || (quality !== null && !isScore(quality))
}
