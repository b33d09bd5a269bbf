// Why a picture or an upload was refused. Each is the caller's to mend; `field` names the input where one is to blame.

import { DomainError } from '../errors.ts'

/** More bytes than allowed; the sender was stopped at the limit, so the true size is not known. */
export class ImageTooLargeError extends DomainError {
  readonly maxBytes: number
  readonly field: string
  constructor(maxBytes: number, field = 'file') {
    super('IMAGE_TOO_LARGE', `The image is larger than ${inMegabytes(maxBytes)}, the most that is accepted.`)
    this.maxBytes = maxBytes
    this.field = field
  }
}

/** More pixels than allowed once decoded. */
export class ImageTooManyPixelsError extends DomainError {
  readonly maxPixels: number
  readonly width: number
  readonly height: number
  readonly field = 'file'
  constructor(maxPixels: number, width: number, height: number) {
    super(
      'IMAGE_TOO_MANY_PIXELS',
      `The image has ${width} x ${height} pixels; at most ${maxPixels} pixels are accepted. Scale it down first.`,
    )
    this.maxPixels = maxPixels
    this.width = width
    this.height = height
  }
}

/** More frames or pages than allowed, though only the first would be used. */
export class ImageTooManyFramesError extends DomainError {
  readonly maxFrames: number
  readonly field = 'file'
  constructor(maxFrames: number, frames: number) {
    super('IMAGE_TOO_MANY_FRAMES', `The image has ${frames} frames; at most ${maxFrames} are accepted.`)
    this.maxFrames = maxFrames
  }
}

/** Decoding took longer than allowed. */
export class ImageTooSlowError extends DomainError {
  readonly maxSeconds: number
  readonly field = 'file'
  constructor(maxSeconds: number) {
    super('IMAGE_TOO_SLOW', `The image took longer than ${maxSeconds} s to decode. Save it again in a simpler form.`)
    this.maxSeconds = maxSeconds
  }
}

/** The content is of a kind that is not accepted; `contentType` is what it was taken for, null where nothing fits. */
export class UnsupportedImageError extends DomainError {
  readonly contentType: string | null
  readonly field: string
  constructor(contentType: string | null, reason?: string, field = 'file') {
    const what = contentType ? `This is ${contentType}${reason ? ` (${reason})` : ''}` : 'This is no image that we know'
    super('UNSUPPORTED_IMAGE', `${what}; send a PNG, JPEG, WebP, GIF, TIFF or BMP.`)
    this.contentType = contentType
    this.field = field
  }
}

/** The content begins like a picture but cannot be decoded to its end. */
export class CorruptImageError extends DomainError {
  readonly contentType: string
  readonly field = 'file'
  constructor(contentType: string, options: { cause?: unknown } = {}) {
    super('CORRUPT_IMAGE', `This ${contentType} is damaged or cut short and cannot be decoded.`, options)
    this.contentType = contentType
  }
}

/** No bytes at all. */
export class EmptyUploadError extends DomainError {
  readonly field = 'file'
  constructor() {
    super('EMPTY_UPLOAD', 'The upload has no bytes.')
  }
}

/** The sender stopped before the end. */
export class UploadAbortedError extends DomainError {
  readonly field = 'file'
  constructor(options: { cause?: unknown } = {}) {
    super('UPLOAD_ABORTED', 'The upload broke off before its end; send it again.', options)
  }
}

/** Nothing lies behind the upload's link yet. */
export class UploadMissingError extends DomainError {
  readonly field = 'uploadId'
  constructor() {
    super('UPLOAD_MISSING', 'Nothing was uploaded yet; PUT the bytes to the link of createUpload first.')
  }
}

/** What arrived is not what createUpload announced; the bytes were removed and the link may be used again. */
export class UploadMismatchError extends DomainError {
  readonly field: 'byteSize' | 'contentType' | 'sha256'
  constructor(field: 'byteSize' | 'contentType' | 'sha256', announced: string, arrived: string) {
    super('UPLOAD_MISMATCH', `The upload was announced with ${field} ${announced}, but ${arrived} arrived.`)
    this.field = field
  }
}

function inMegabytes(bytes: number): string {
  return bytes < 100_000 ? `${bytes} bytes` : `${Number((bytes / 1e6).toFixed(1))} MB`
}
