// The reward of the EditThinker paper for one answer of a thinker, in two forms: what its code computes (its reward file)
// and what the paper says. They are not the same; see docs/rl-training.md. Pure arithmetic.

import { overallScore } from '../loop/score.ts'
import type { PairOfScores, ReadAnswer } from './read-answer.ts'

/**
 * CODE: the released code, which weighs an edited answer otherwise than one that was not edited. CODE_MIXED: one mix for
 * both, the older one that the code falls back to. PAPER: alpha x format + beta x critic + gamma x edit.
 */
export type RewardFormula = 'CODE' | 'CODE_MIXED' | 'PAPER'

/**
 * The paper's alpha, beta and gamma, which it does not publish; they sum to 1. `scoreRange`: what the scores of critic and
 * edit are counted in, 10 as they are, 1 for tenths, so that all three rewards are of a size.
 */
export type PaperWeights = { format: number; critic: number; edit: number; scoreRange: number }

/** What is known of an answer once the fleet is done with it. */
export type Outcome = {
  answer: ReadAnswer
  /** The scores of the last picture, which the answer had to guess; null: unknown. */
  before: PairOfScores | null
  /** The scores of the picture that its prompt made; null: there is none. */
  after: PairOfScores | null
}

/** Every reward of one answer. */
export type Rewards = {
  format: number
  /** 1 - MSE / 10 of both guessed scores, 0 at least; 0 where there is nothing to compare. */
  accuracy: number
  /** 0 to 1, 0.5: as good as the last picture, also where nothing was edited. */
  editedSemantic: number
  editedQuality: number
  /** -|guessed - real| in overall scores; the farthest there is where no score was guessed, 0 where none is known. */
  critic: number
  /** The overall score gained, 0 where nothing was edited. */
  edit: number
}

/** The rewards that both forms are made of. Critic and edit are on the scale of the scores, 0 to 10. */
export function toRewards({ answer, before, after }: Outcome): Rewards {
  const wasEdited = before !== null && after !== null
  return {
    format: answer.isWellFormed ? 1 : 0,
    accuracy: before && answer.scores ? toAccuracy(answer.scores, before) : 0,
    editedSemantic: wasEdited ? toEdited(after.semantic, before.semantic) : 0.5,
    editedQuality: wasEdited ? toEdited(after.quality, before.quality) : 0.5,
    critic: before ? -Math.abs(answer.scores ? toOverall(answer.scores) - toOverall(before) : MAX_SCORE) : 0,
    edit: wasEdited ? toOverall(after) - toOverall(before) : 0,
  }
}

/** The total. `wasEdited`: there is a new picture with scores. PAPER needs weights. */
export function toTotal(
  rewards: Rewards,
  form: { formula: 'CODE' | 'CODE_MIXED'; wasEdited: boolean } | { formula: 'PAPER'; weights: PaperWeights },
): number {
  const { format, accuracy, editedSemantic, editedQuality, critic, edit } = rewards
  if (form.formula === 'PAPER') {
    const { weights } = form
    const unit = MAX_SCORE / weights.scoreRange
    return weights.format * format + (weights.critic * critic + weights.edit * edit) / unit
  }
  // With 0.5 for both edited rewards, which is what a failed edit has, the mix is 0.5 x format + 0.1 x accuracy + 0.2.
  if (form.formula === 'CODE' && form.wasEdited) return 0.5 * format + 0.5 * editedSemantic
  return 0.5 * format + 0.5 * (0.2 * accuracy + 0.6 * editedSemantic + 0.2 * editedQuality)
}

const MAX_SCORE = 10

function toAccuracy(guessed: PairOfScores, real: PairOfScores): number {
  const error = ((guessed.semantic - real.semantic) ** 2 + (guessed.quality - real.quality) ** 2) / 2
  return Math.max(0, 10 - error) / 10
}

function toEdited(after: number, before: number): number {
  return ((after - before) / 10 + 1) / 2
}

/** The overall score of two scores, each brought into 0 to 10: a guess may lie outside of it. */
export function toOverall({ semantic, quality }: PairOfScores): number {
  const inRange = (score: number) => Math.min(MAX_SCORE, Math.max(0, score))
  return overallScore(inRange(semantic), inRange(quality)) ?? 0
}
