import { createClient, type FormattedExecutionResult } from 'graphql-ws'
import WebSocket from 'ws'
import type { SubscribeOptions } from './api-client.ts'

const KEEP_ALIVE_MS = 10_000
const SILENCE_MS = 5_000
/** With the waits between them about two minutes. */
const RETRIES = 30
const FORBIDDEN = 4403
const NORMAL = 1000

/**
 * A subscription's results over WebSocket, through connections that break: each further one asks with the variables as
 * they are then. Throws what graphql-ws gives: a close event, or the errors of an operation that is refused.
 */
export async function* subscribe(
  { url, authorization }: { url: string; authorization: Record<string, string> },
  { document, variables, signal, onLost }: { document: string } & SubscribeOptions,
): AsyncGenerator<FormattedExecutionResult, void, undefined> {
  let silence: NodeJS.Timeout | undefined
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: authorization,
    retryAttempts: RETRIES,
    retryWait: attempt => new Promise(resolve => setTimeout(resolve, Math.min(5_000, 200 * 2 ** attempt))),
    shouldRetry: event => codeOf(event) !== FORBIDDEN,
    keepAlive: KEEP_ALIVE_MS,
    on: {
      connected: (_socket, _payload, isRetry) => isRetry && onLost?.(false),
      closed: event => {
        clearTimeout(silence)
        if (codeOf(event) !== FORBIDDEN && codeOf(event) !== NORMAL) onLost?.(true)
      },
      // A peer that is gone without a word would otherwise be waited for without end.
      ping: isReceived => {
        if (!isReceived) silence = setTimeout(() => client.terminate(), SILENCE_MS)
      },
      pong: () => clearTimeout(silence),
    },
  })
  const results = client.iterate<Record<string, unknown>, Record<string, unknown>>({ query: document, variables })
  const leave = () => void results.return?.()
  signal?.addEventListener('abort', leave, { once: true })
  try {
    if (!signal?.aborted) yield* results
  } finally {
    signal?.removeEventListener('abort', leave)
    clearTimeout(silence)
    await client.dispose()
  }
}

function codeOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'code' in event ? event.code : undefined
}
