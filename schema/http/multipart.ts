// The GraphQL multipart request specification. The operation starts as soon as `operations` and `map` are here; its files
// go to the disk as they arrive and are read from there, so no file is ever in memory.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import processRequest from 'graphql-upload/processRequest.mjs'
import Upload from 'graphql-upload/Upload.mjs'
import { type DomainError, InvalidInputError } from '../../src/errors.ts'
import { ImageTooLargeError, UploadAbortedError } from '../../src/images/errors.ts'
import type { UploadedFile, Uploads } from '../context.ts'
import type { Refusal } from './refuse.ts'

/** A multipart request's operation, with a token in each place where `map` puts a file. */
export type MultipartRequest = {
  operations: Record<string, unknown>
  uploads: Uploads & {
    /** A file went over the limit: it was cut there. */
    readonly isOverLimit: boolean
  }
}

/** Bytes of the fields `operations` and `map`. */
const MAX_FIELD_BYTES = 1_000_000
const MAX_FILES = 10

/** A request that is not a usable multipart request. */
export class MultipartError extends Error {
  readonly refusal: Refusal
  constructor(refusal: Refusal, options: { cause?: unknown } = {}) {
    super(refusal.message, options)
    this.name = new.target.name
    this.refusal = refusal
  }
}

/** Whether the body is to be read by `readMultipart`. */
export function isMultipart(req: IncomingMessage): boolean {
  return req.method === 'POST' && /^multipart\/form-data\b/i.test(req.headers['content-type'] ?? '')
}

/**
 * Resolves once the operation is known, while its files still arrive; a file over `maxFileBytes` gives its reader
 * ImageTooLargeError. One that announces more than could ever be accepted is cut at its first byte. Throws
 * MultipartError. The temporary files go with the response.
 */
export async function readMultipart(
  req: IncomingMessage,
  res: ServerResponse,
  maxFileBytes: number,
): Promise<MultipartRequest> {
  const announced = Number(req.headers['content-length'] ?? 0)
  const isHopeless = announced > MAX_FILES * maxFileBytes + 2 * MAX_FIELD_BYTES
  let operations: Record<string, unknown> | unknown[]
  try {
    operations = await processRequest(req, res, {
      maxFieldSize: MAX_FIELD_BYTES,
      maxFileSize: isHopeless ? 1 : maxFileBytes,
      maxFiles: MAX_FILES,
    })
  } catch (error) {
    throw new MultipartError(toRefusal(error), { cause: error })
  }
  if (Array.isArray(operations) || typeof operations.query !== 'string') {
    const message = 'The field "operations" must be one GraphQL request with a "query"; batches are not accepted.'
    throw new MultipartError({ status: 400, code: 'BAD_REQUEST', message })
  }

  const waiting = new Map<string, Upload>()
  let isOverLimit = false
  const toDomainError = (error: unknown): DomainError => {
    if (statusOf(error) !== 413) return new UploadAbortedError({ cause: error })
    isOverLimit = true
    return new ImageTooLargeError(maxFileBytes)
  }

  async function take(token: string): Promise<UploadedFile> {
    const upload = waiting.get(token)
    if (!upload)
      throw new InvalidInputError('file', 'The file must be a part of the multipart request, named by "map".')
    waiting.delete(token)
    try {
      const { filename, mimetype, createReadStream } = await upload.promise
      return { filename, mimetype, stream: withDomainErrors(createReadStream(), toDomainError) }
    } catch (error) {
      throw toDomainError(error)
    }
  }

  return {
    operations: withTokens(operations, waiting),
    uploads: {
      take,
      get isOverLimit() {
        return isOverLimit
      },
    },
  }
}

function withDomainErrors(source: Readable, toDomainError: (error: unknown) => DomainError): Readable {
  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield* source
    } catch (error) {
      throw toDomainError(error)
    }
  }
  return Readable.from(chunks(), { objectMode: false })
}

function withTokens<T>(value: T, waiting: Map<string, Upload>): T {
  if (value instanceof Upload) {
    const token = `part-${waiting.size + 1}`
    waiting.set(token, value)
    return token as T // T is whatever the caller's JSON holds here
  }
  if (Array.isArray(value)) return value.map(item => withTokens(item, waiting)) as T // the same shape
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTokens(item, waiting)])) as T
}

function toRefusal(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : 'The multipart body cannot be read.'
  if (statusOf(error) === 413) return { status: 413, code: 'REQUEST_TOO_LARGE', message }
  return { status: 400, code: 'BAD_REQUEST', message }
}

function statusOf(error: unknown): number | null {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : null
}
