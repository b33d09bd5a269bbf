import type { LoopRound } from './round.ts'
import { isSatisfied } from './satisfied.ts'
import { overallScore } from './score.ts'
import type { LoopSettings, StopRule } from './settings.ts'

/**
 * The round whose picture is the job's result, from what was made so far, whatever became of the job; null: no picture.
 * BEST ranks all rounds, LAST the candidates of the last index that has a picture. A round that failed or was canceled after
 * its edit has a picture too; round 0 counts as one only when it satisfied.
 */
export function chooseBest(
  settings: Pick<LoopSettings, 'select' | 'stop'>,
  rounds: readonly LoopRound[],
): LoopRound | null {
  const pictures = rounds.filter(round => isPicture(settings.stop, round))
  if (settings.select === 'BEST') return chooseHighest(settings.stop, pictures)
  const lastIndex = Math.max(...pictures.map(round => round.index))
  const last = pictures.filter(round => round.index === lastIndex)
  return chooseHighest(settings.stop, last)
}

/**
 * The first in rank: the highest overall score, ties the earlier round. Below all scored rounds the unscored: satisfied
 * ones first, then those of the latest index. Between equals of one index the lower candidate.
 */
export function chooseHighest(stop: StopRule, rounds: readonly LoopRound[]): LoopRound | null {
  const ranked = [...rounds].sort((a, b) => compareRank(stop, a, b))
  return ranked[0] ?? null
}

/** A round's overall score; null where it has no critique or an unreadable one. */
export function roundScore({ critique }: LoopRound): number | null {
  if (critique === null || critique.errorCode !== null) return null
  return overallScore(critique.semantic, critique.quality)
}

/** Whether the job's stop rule calls the round satisfied; null: no critique that can be read. */
export function isRoundSatisfied(stop: StopRule, round: LoopRound): boolean | null {
  return isSatisfied(stop, round.critique, round.prompt)
}

function isPicture(stop: StopRule, round: LoopRound): boolean {
  return round.index === 0 ? isRoundSatisfied(stop, round) === true : round.hasImage
}

function compareRank(stop: StopRule, a: LoopRound, b: LoopRound): number {
  const scoreA = roundScore(a)
  const scoreB = roundScore(b)
  if (scoreA !== null && scoreB !== null) return scoreB - scoreA || a.index - b.index || a.candidate - b.candidate
  if (scoreA !== null || scoreB !== null) return scoreA !== null ? -1 : 1
  const satisfied = Number(isRoundSatisfied(stop, b) === true) - Number(isRoundSatisfied(stop, a) === true)
  return satisfied || b.index - a.index || a.candidate - b.candidate
}
