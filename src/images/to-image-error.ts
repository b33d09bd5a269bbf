import { DomainError } from '../errors.ts'
import { CorruptImageError, ImageTooSlowError, UnsupportedImageError } from './errors.ts'
import type { ImageLimits } from './image-limits.ts'

/** What sharp's failure means to the sender. A full or failing disk is not the sender's: such an error is given back. */
export function toImageError(error: unknown, contentType: string, limits: ImageLimits): unknown {
  if (error instanceof DomainError || !(error instanceof Error)) return error
  if (/: write error|unable to open for write/i.test(error.message)) return error
  if (/timeout/i.test(error.message)) return new ImageTooSlowError(limits.maxSeconds)
  if (/channel limit/i.test(error.message)) return new UnsupportedImageError(contentType, 'too many channels')
  return new CorruptImageError(contentType, { cause: error })
}
