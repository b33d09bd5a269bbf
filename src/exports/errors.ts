import { DomainError } from '../errors.ts'
import type { ExportStatus, VersionStatus } from '../generated/prisma/enums.ts'
import type { ExportFormatName, SampleKind } from './export-format.ts'

/** The format cannot say what the version's samples are. */
export class FormatMismatchError extends DomainError {
  readonly format: ExportFormatName
  constructor(format: ExportFormatName, kind: SampleKind, takes: readonly SampleKind[]) {
    super('FORMAT_MISMATCH', `${format} takes samples of kind ${takes.join(' or ')}; this version's are ${kind}.`)
    this.format = format
  }
}

/** The dataset version is not built, or failed. */
export class VersionNotReadyError extends DomainError {
  readonly status: VersionStatus
  constructor(status: VersionStatus) {
    super(
      'VERSION_NOT_READY',
      status === 'FAILED' ? 'The dataset version could not be built.' : 'The dataset version is still being built.',
    )
    this.status = status
  }
}

/** The export has ended, so it cannot be canceled. */
export class ExportFinishedError extends DomainError {
  readonly status: ExportStatus
  constructor(status: ExportStatus) {
    super('EXPORT_FINISHED', `The export has already ended as ${status}.`)
    this.status = status
  }
}

/** The export waits or is being written, so it cannot be deleted. */
export class ExportActiveError extends DomainError {
  readonly status: ExportStatus
  constructor(status: ExportStatus) {
    super('EXPORT_ACTIVE', `The export is ${status}; cancel it before deleting it.`)
    this.status = status
  }
}

/** The tenant has as many exports waiting as it may have. */
export class ExportLimitError extends DomainError {
  readonly limit: number
  constructor(limit: number) {
    super('EXPORT_LIMIT', `${limit} exports wait or are being written; wait until one has ended, or cancel one.`)
    this.limit = limit
  }
}

/** Why an export that ran came to nothing. */
export type ExportFailureCode = 'NO_SAMPLES' | 'PICTURE_MISSING' | 'STORAGE_UNAVAILABLE' | 'STORAGE_FULL' | 'DISK_FULL'

/** An export that ran cannot be finished; nothing of it stays. */
export class ExportFailedError extends DomainError {
  constructor(code: ExportFailureCode, message: string, options: { cause?: unknown } = {}) {
    super(code, message, options)
  }
}
