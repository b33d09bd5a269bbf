// The one way out by HTTP. Retries belong to the queue, so a request is sent once. What went wrong is told apart by
// status first; bodies and URLs of a model server never get into a message.

import { Agent, request } from 'undici'
import { EngineError } from './engine.ts'

type HttpRequest = {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  headers?: Record<string, string>
  /** Whole, so that its length is sent with it; its content type is the caller's to name. */
  body?: string | Buffer
  /** Reads an answer that is no 2xx before its status is: null leaves it to that. */
  readFailure?: (status: number, body: Buffer) => EngineError | null
}

/** A 2xx answer, read to its end. */
type HttpAnswer = { status: number; contentType: string; body: Buffer }

/**
 * Sends one request and reads its answer. Rejects with EngineError for any other status, a broken connection or an
 * answer over the size limit, and with the signal's reason when that aborts (the socket is closed then).
 */
export type HttpClient = {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
  /** Breaks what is still running. */
  close(): Promise<void>
}

const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/** One for each process. Its own timeouts are off but for connecting: a call's total deadline is the caller's signal. */
export function makeHttpClient({ maxAnswerBytes = MAX_ANSWER_BYTES }: { maxAnswerBytes?: number } = {}): HttpClient {
  // undici would end a request after 300 s without headers, and an edit sends none until its picture is done.
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 10_000 }, maxHeaderSize: 65_536 })
  return {
    async send({ method, url, headers = {}, body, readFailure = () => null }, signal) {
      signal.throwIfAborted()
      try {
        const answer = await request(url, {
          method,
          headers: { accept: 'application/json', ...headers },
          ...(body !== undefined && { body }),
          dispatcher: agent,
          signal,
        })
        const bytes = await readBody(answer.body, maxAnswerBytes)
        const isGood = answer.statusCode >= 200 && answer.statusCode < 300
        if (!isGood) {
          throw readFailure(answer.statusCode, bytes) ?? toStatusError(answer.statusCode, bytes, answer.headers)
        }
        return { status: answer.statusCode, contentType: String(answer.headers['content-type'] ?? ''), body: bytes }
      } catch (error) {
        if (error instanceof EngineError) throw error
        signal.throwIfAborted()
        throw toConnectionError(error)
      }
    },
    close: () => agent.destroy(),
  }
}

/** The code where no connection could be made: nobody is there, and nothing was sent. */
export const unreachableCode = 'ENGINE_DOWN'

/** The code where a connection ended before its answer did. */
export const brokenOffCode = 'ENGINE_UNREACHABLE'

const UNREACHABLE = new Set([
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN'],
  'UND_ERR_CONNECT_TIMEOUT',
])

function toConnectionError(error: unknown): EngineError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return UNREACHABLE.has(code)
    ? new EngineError('failed', unreachableCode, 'Nothing answers at the address of the model server.', {
        cause: error,
      })
    : new EngineError('failed', brokenOffCode, 'The connection to the model server broke off.', { cause: error })
}

async function readBody(body: AsyncIterable<Buffer> & { destroy(): unknown }, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) {
      body.destroy()
      throw new EngineError('failed', 'ENGINE_ANSWER_TOO_LARGE', 'The model server sent more than is accepted.')
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

type Headers = Record<string, string | string[] | undefined>

function toStatusError(status: number, body: Buffer, headers: Headers): EngineError {
  if (status === 429 || status === 503) {
    const retryAfterMs = parseRetryAfter(headers, Date.now())
    return new EngineError('busy', 'ENGINE_BUSY', 'The model server is busy.', {
      ...(retryAfterMs !== null && { retryAfterMs }),
    })
  }
  if (status === 408 || status === 425 || status >= 500) {
    return new EngineError('failed', 'ENGINE_FAILED', `The model server failed (HTTP ${status}).`)
  }
  if (status === 402) {
    return new EngineError('failed', 'ENGINE_UNPAID', "The provider's account has no credit left.")
  }
  // The key, the path or the served model is wrong: another endpoint may do, and the operator can mend this one.
  if (status < 400 || status === 401 || status === 403 || status === 404 || status === 405) {
    return new EngineError(
      'failed',
      'ENGINE_MISCONFIGURED',
      `The model server does not take our calls (HTTP ${status}).`,
    )
  }
  if (isContentRefusal(body)) {
    return new EngineError('rejected', 'CONTENT_REFUSED', "The model server's content rules refuse this request.")
  }
  return new EngineError('rejected', 'ENGINE_REJECTED', `The model server rejected the request (HTTP ${status}).`)
}

function isContentRefusal(body: Buffer): boolean {
  const code = /"code"\s*:\s*"([^"]{1,80})"/.exec(body.subarray(0, 65_536).toString('utf8'))?.[1] ?? ''
  return /moderation|content_policy|safety/i.test(code)
}

/** Milliseconds to wait by `retry-after-ms` or `retry-after` (seconds or a date); null where neither says. */
function parseRetryAfter(headers: Headers, now: number): number | null {
  const inMs = Number(headers['retry-after-ms'])
  if (headers['retry-after-ms'] !== undefined && Number.isFinite(inMs)) return Math.max(0, inMs)
  const text = headers['retry-after']
  if (typeof text !== 'string' || text.trim() === '') return null
  const seconds = Number(text)
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1_000)
  const date = Date.parse(text)
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
