import { createHash } from 'node:crypto'
import type { ScoredRound, ScoredTrajectory, Vote } from '../../src/datasets/recipes/scored-trajectory.ts'

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

/** A round named `job.index.candidate`, whose critic gave one score for all; every critique refines. */
export function scoredRound(
  jobId: string,
  index: number,
  overall: number | null,
  round: Partial<ScoredRound> = {},
): ScoredRound {
  const id = `${jobId}.${index}.${round.candidate ?? 0}`
  const scores = { semantic: overall, quality: overall, overall }
  return {
    ...{ id, index, candidate: 0, leads: false, ...scores, picture: hash(id) },
    ...{ critiqueId: `critique of ${id}`, answer: 'REFINED', digest: hash(`digest ${id}`), ...round },
  }
}

/** A trajectory with one candidate a round; `rounds`: what is otherwise, by index. */
export function scoredTrajectory(
  jobId: string,
  scores: readonly (number | null)[],
  options: { task?: string; content?: string; votes?: Vote[]; rounds?: Record<number, Partial<ScoredRound>> } = {},
): ScoredTrajectory {
  const { task = 'other', content = jobId, votes = [], rounds = {} } = options
  return {
    ...{ jobId, splitKey: hash(content), contentKey: hash(content), task, votes },
    rounds: scores.map((score, at) => scoredRound(jobId, at + 1, score, rounds[at + 1])),
  }
}
