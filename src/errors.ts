// Expected failures. Each has a stable code, read-only fields and a sentence fit for users that names the value and the
// way out. Anything thrown that is no DomainError is a bug or an outage and is masked at the edge.

import type { JobStatus } from './generated/prisma/enums.ts'

/** The base of every expected failure. */
export class DomainError extends Error {
  readonly code: string
  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** A value the caller sent breaks a rule; `field` names it as a path in the input, such as `settings.maxRounds`. */
export class InvalidInputError extends DomainError {
  readonly field: string
  constructor(field: string, message: string, options: { cause?: unknown } = {}) {
    super('INVALID_INPUT', message, options)
    this.field = field
  }
}

/** No such object for this tenant: absent and foreign are the same. */
export class NotFoundError extends DomainError {
  readonly field: string
  constructor(field: string, noun: string) {
    super('NOT_FOUND', `There is no such ${noun}.`)
    this.field = field
  }
}

/** The caller's role does not allow this. */
export class ForbiddenError extends DomainError {
  constructor(message: string) {
    super('FORBIDDEN', message)
  }
}

/** The tenant has used up a quota; `resetsAt` is null where waiting does not help. */
export class QuotaExceededError extends DomainError {
  readonly limit: number
  readonly resetsAt: Date | null
  constructor(message: string, limit: number, resetsAt: Date | null = null) {
    super('QUOTA_EXCEEDED', message)
    this.limit = limit
    this.resetsAt = resetsAt
  }
}

/** The same idempotency key came with another input. */
export class IdempotencyConflictError extends DomainError {
  readonly idempotencyKey: string
  constructor(idempotencyKey: string) {
    super('IDEMPOTENCY_CONFLICT', `The idempotency key "${idempotencyKey}" was already used with another input.`)
    this.idempotencyKey = idempotencyKey
  }
}

/** No fleet has ever served this model and the catalogue does not know it. */
export class ModelUnavailableError extends DomainError {
  readonly model: string | null
  constructor(message: string, model: string | null) {
    super('MODEL_UNAVAILABLE', message)
    this.model = model
  }
}

/** The job has already ended in a way that cannot be canceled. */
export class JobFinishedError extends DomainError {
  readonly status: JobStatus
  constructor(status: JobStatus) {
    super('JOB_FINISHED', `The job has already ended as ${status}.`)
    this.status = status
  }
}

/** Only a failed job can be retried. */
export class JobNotFailedError extends DomainError {
  readonly status: JobStatus
  constructor(status: JobStatus) {
    super('JOB_NOT_FAILED', `Only a failed job can be retried; this one is ${status}.`)
    this.status = status
  }
}

/** The job has not ended, so it cannot be deleted; cancel it first. */
export class JobActiveError extends DomainError {
  readonly status: JobStatus
  constructor(status: JobStatus) {
    super('JOB_ACTIVE', `The job is ${status}; cancel it before deleting it.`)
    this.status = status
  }
}

/** A job still needs this image. */
export class ImageInUseError extends DomainError {
  constructor() {
    super('IMAGE_IN_USE', 'A job or an export needs this image; delete that first.')
  }
}

/** The embedded Postgres cannot be started or attached to; the message says what to do. */
export class EmbeddedPostgresError extends DomainError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('EMBEDDED_POSTGRES', message, options)
  }
}

/** The database and this build's migrations do not fit; nothing more was applied. */
export class MigrationError extends DomainError {
  readonly migration: string | null
  constructor(message: string, migration: string | null, options: { cause?: unknown } = {}) {
    super('MIGRATION', message, options)
    this.migration = migration
  }
}
