import { createClient as createSseClient } from 'graphql-sse'
import { createClient as createWebSocketClient } from 'graphql-ws'
import { WebSocket } from 'ws'

export type Transport = 'websocket' | 'sse'

type Result = {
  data?: Record<string, unknown> | null
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[]
}

/** A subscription as its transport's own client reads it: over a connection of its own that is never opened again. */
export type OpenStream = {
  /** Ends when the server completes it; throws when the connection breaks. */
  results: AsyncIterable<Result>
  /** Breaks the connection off without a word. */
  cut(): void
}

/** Subscribes at `url`, an http(s) address of /graphql. */
export function openStream(
  transport: Transport,
  url: string,
  request: { query: string; variables: Record<string, unknown> },
): OpenStream {
  if (transport === 'sse') {
    const client = createSseClient({ url, retryAttempts: 0 })
    return { results: client.iterate(request) as AsyncIterable<Result>, cut: () => client.dispose() } // of GraphQL's shape
  }
  const client = createWebSocketClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    lazyCloseTimeout: 0,
  })
  return { results: client.iterate(request) as AsyncIterable<Result>, cut: () => client.terminate() } // likewise
}
