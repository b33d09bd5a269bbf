import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/** Answers that wait for the network, in bytes, beyond which a peer that does not read gets no more work done. */
const MAX_BUFFERED_BYTES = 1_000_000

/** Whether so much waits for the peer that it should read before it asks on. */
export function isFull(socket: WebSocket): boolean {
  return socket.bufferedAmount >= MAX_BUFFERED_BYTES
}

/** Resolves once all that waited in `connection`, the TCP socket below the WebSocket, has left, or it is closed. */
export function untilDrained(connection: Socket): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      connection.off('drain', end)
      connection.off('close', end)
      resolve()
    }
    if (connection.destroyed || connection.writableLength === 0) return resolve()
    connection.on('drain', end)
    connection.on('close', end)
  })
}
