import { DomainError } from '../errors.ts'
import type { ReviewStatus } from '../generated/prisma/enums.ts'

/** The review was answered or skipped before. */
export class ReviewEndedError extends DomainError {
  readonly status: ReviewStatus
  constructor(status: ReviewStatus) {
    super('REVIEW_ENDED', `The review has already ended as ${status}; claim the next one.`)
    this.status = status
  }
}

/** The claim ran out, and by now others have answered or hold as many reviews of the item as the queue wants. */
export class ReviewTakenError extends DomainError {
  readonly claimedUntil: Date
  constructor(claimedUntil: Date) {
    super(
      'REVIEW_TAKEN',
      `The claim ran out at ${claimedUntil.toISOString()} and others have taken the item; claim the next one.`,
    )
    this.claimedUntil = claimedUntil
  }
}
