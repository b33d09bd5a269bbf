// GraphQL over WebSocket (protocol graphql-transport-ws) at /graphql. A reader that falls behind costs one message of
// memory a subscription: the next is asked for when the last one has left for the network. Its queries wait as well.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws'
import pLimit from 'p-limit'
import type { Logger } from 'pino'
import { type WebSocket, WebSocketServer } from 'ws'
import { operationLimits } from './limits.ts'
import type { OriginRules } from './origin.ts'
import { refuseUpgrade } from './refuse.ts'
import { isFull, untilDrained } from './until-drained.ts'
import type { Connection } from './websocket-operations.ts'
import { withWritten } from './written-payload.ts'

export type WebSocketParts = {
  /** How operations are admitted and executed. */
  operations: Parameters<typeof makeServer<Record<string, unknown>, Connection>>[0]
  rules: OriginRules
  log: Logger
}

const PING_MS = 25_000
/** A peer that has sent nothing for so long, not even a pong, is gone. A slow reader's pong waits behind its data. */
const SILENCE_MS = 100_000
/** Queries and mutations of one connection that run at once; a single packet can ask for hundreds. */
const QUERIES_AT_ONCE = 8
const CLOSE_MS = 2_000

/** Answers upgrade requests. `close` leaves sockets to their sessions and cuts what is still open after 2 s. */
export function makeWebSocketEndpoint({ operations, rules, log }: WebSocketParts) {
  const server = makeServer(operations)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: operationLimits.bodyBytes, handleProtocols })

  function serve(socket: WebSocket, request: IncomingMessage): void {
    let heardAt = Date.now()
    const hear = () => {
      heardAt = Date.now()
    }
    const ping = setInterval(() => {
      if (Date.now() - heardAt > SILENCE_MS) socket.terminate()
      else if (socket.readyState === socket.OPEN) socket.ping()
    }, PING_MS)
    socket.on('pong', hear)
    socket.on('error', error => log.debug({ err: error }, 'a WebSocket failed')) // a broken frame or connection

    const closed = server.opened(
      {
        protocol: socket.protocol,
        send: data => send(socket, data),
        close: (code, reason) => close(socket, code, reason),
        onMessage(handle) {
          socket.on('message', data => {
            hear()
            pauseWhileFull(socket, request)
            handle(String(data)).catch(error => {
              log.error({ err: error }, 'a WebSocket message could not be handled')
              close(socket, CloseCode.InternalServerError, 'Internal server error')
            })
          })
        },
      },
      { socket, request, turns: pLimit(QUERIES_AT_ONCE) },
    )
    socket.once('close', (code, reason) => {
      clearInterval(ping)
      closed(code, String(reason)).catch(error => log.error({ err: error }, 'a WebSocket could not be cleaned up'))
    })
  }

  return {
    /** Takes over the connection of an upgrade request, or refuses it. */
    upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void {
      const path = request.url?.split('?')[0]
      const fault = rules.findFault(request)
      if (fault) refuseUpgrade(connection, '403 Forbidden', fault)
      else if (path !== '/graphql') refuseUpgrade(connection, '404 Not Found', 'There is no WebSocket here.')
      else sockets.handleUpgrade(request, connection, head, socket => serve(socket, request))
    },
    async close(): Promise<void> {
      const deadline = setTimeout(() => {
        for (const socket of sockets.clients) socket.terminate()
      }, CLOSE_MS)
      await Promise.all([...sockets.clients].map(socket => new Promise(resolve => socket.once('close', resolve))))
      clearTimeout(deadline)
    },
  }
}

function send(socket: WebSocket, data: string): Promise<void> {
  const message = withWritten(data) // also where it goes nowhere: the text it stands for is let go
  if (socket.readyState !== socket.OPEN) return Promise.resolve()
  // A connection that broke meanwhile is told by its 'close'; nobody is left who would want to know here.
  return new Promise(resolve => socket.send(message, () => resolve()))
}

/** Closes a socket and, where its peer does not answer, cuts it after 2 s. */
export function close(socket: WebSocket, code?: number, reason?: string): void {
  socket.close(code, reason)
  const cut = setTimeout(() => socket.terminate(), CLOSE_MS)
  cut.unref()
  socket.once('close', () => clearTimeout(cut))
}

/** A peer that asks on without reading is not read from either. */
function pauseWhileFull(socket: WebSocket, request: IncomingMessage): void {
  if (socket.isPaused || !isFull(socket)) return
  socket.pause()
  untilDrained(request.socket).then(() => socket.resume())
}
