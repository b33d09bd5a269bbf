import type { Db, Tx } from '../db.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import type { ReviewKind } from '../generated/prisma/enums.ts'
import { type Feedback, recordFeedback } from '../jobs/add-critique.ts'
import { lockJob } from '../jobs/job-row.ts'
import { sql } from '../sql.ts'
import { insertPreference } from './add-preference.ts'
import { ReviewTakenError } from './errors.ts'
import { findReviewPlace, loadOpenReview, type OpenReview } from './load-review.ts'
import { lockReviewQueue } from './review-queue-row.ts'

/** What a reviewer says: `scores` for SCORE, `chosenRoundId` for PICK, that or `isTie` for PAIR; the rest is empty. */
export type ReviewAnswer = {
  scores: Feedback[] | null
  chosenRoundId: string | null
  isTie: boolean
  /** For each score that has none of its own, or for the preference. */
  reasoning: string | null
}

/**
 * Writes the answer as HUMAN critiques or as a preference by the reviewer, and ends the review, all in one transaction. An
 * answer after the claim ran out counts while the item still has room for it, else ReviewTakenError. Throws
 * ReviewEndedError for one that has ended, InvalidInputError for an answer that does not fit the queue's kind,
 * NotFoundError for a review of another tenant and for a round that the review does not show.
 */
export async function answerReview(
  db: Db,
  { tenantId, reviewId }: { tenantId: string; reviewId: string },
  answer: ReviewAnswer,
): Promise<void> {
  const { queueId, jobId } = await findReviewPlace(db, tenantId, reviewId)
  await db.transaction(async tx => {
    const job = await lockJob(tx, jobId, tenantId)
    if (job === null) throw new NotFoundError('reviewId', 'review')
    const queue = await lockReviewQueue(tx, tenantId, queueId)
    const review = await loadOpenReview(tx, reviewId)
    if (!review.isHeld && review.others >= queue.reviewsWanted) throw new ReviewTakenError(review.claimedUntil)
    checkForm(queue.kind, answer)
    const shown = await readShown(tx, jobId, review)
    let preferenceId: string | null = null
    if (queue.kind === 'SCORE') {
      await writeScores(tx, { jobId, reviewId, review, shown, answer })
    } else {
      const choice = decideChoice(queue.kind, review, shown, answer)
      const { isTie, reasoning } = answer
      preferenceId = await insertPreference(tx, { tenantId, by: review.reviewer }, { ...choice, isTie, reasoning })
    }
    await tx.query(sql`
      update review set status = 'DONE', ended_at = clock_timestamp(), preference_id = ${preferenceId}::uuid
      where id = ${reviewId}::uuid`)
  })
}

function checkForm(kind: ReviewKind, { scores, chosenRoundId, isTie }: ReviewAnswer): void {
  const require = (field: string, holds: boolean, rule: string) => {
    if (!holds) throw new InvalidInputError(field, `${field} ${rule} in a review of kind ${kind}.`)
  }
  require('scores', (scores !== null && scores.length > 0) === (kind === 'SCORE'), scores === null ||
    scores.length === 0
    ? 'must be given'
    : 'must not be given')
  require('isTie', !isTie || kind === 'PAIR', 'must not be true')
  const isChoice = kind !== 'SCORE' && !isTie
  require('chosenRoundId', (chosenRoundId !== null) === isChoice, isChoice
    ? 'must be given'
    : `must not be given${isTie ? ' with a tie' : ''}`)
}

/** The rounds to judge: the two of a PAIR, else those of the job that have a picture. */
async function readShown(tx: Tx, jobId: string, { roundAId, roundBId }: OpenReview): Promise<Set<string>> {
  if (roundAId !== null && roundBId !== null) return new Set([roundAId, roundBId])
  const { rows } = await tx.query<{ id: string }>(sql`
    select id from round where job_id = ${jobId}::uuid and image_id is not null`)
  return new Set(rows.map(({ id }) => id))
}

type Choice = { kind: 'PICK' | 'PAIR'; chosenRoundId: string; rejectedRoundId: string | null }

function decideChoice(
  kind: 'PICK' | 'PAIR',
  { roundAId, roundBId }: OpenReview,
  shown: ReadonlySet<string>,
  answer: ReviewAnswer,
): Choice {
  const chosenRoundId = answer.chosenRoundId ?? roundAId // a tie: either stands first
  if (chosenRoundId === null || !shown.has(chosenRoundId))
    throw new NotFoundError('chosenRoundId', 'round in this review')
  if (kind === 'PICK') return { kind, chosenRoundId, rejectedRoundId: null }
  return { kind, chosenRoundId, rejectedRoundId: chosenRoundId === roundAId ? roundBId : roundAId }
}

async function writeScores(
  tx: Tx,
  given: { jobId: string; reviewId: string; review: OpenReview; shown: ReadonlySet<string>; answer: ReviewAnswer },
): Promise<void> {
  const { jobId, reviewId, review, shown, answer } = given
  const scores = answer.scores ?? []
  const seen = new Set<string>()
  scores.forEach(({ roundId }, index) => {
    const field = `scores.${index}.roundId`
    if (!shown.has(roundId)) throw new NotFoundError(field, 'round in this review')
    if (seen.has(roundId)) throw new InvalidInputError(field, `${field} must not name a round that was scored before.`)
    seen.add(roundId)
  })
  const feedback = scores.map(score => ({ ...score, reasoning: score.reasoning ?? answer.reasoning }))
  const critiqueIds = await recordFeedback(tx, jobId, review.reviewer, feedback)
  await tx.query(sql`
    insert into review_critique (critique_id, review_id)
    select id, ${reviewId}::uuid from unnest(${critiqueIds}::uuid[]) as id`)
}
