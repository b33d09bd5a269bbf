import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** What the machine itself takes: a server that knows no GraphQL and sends one ready text to every socket of a job. */
export type BareSockets = {
  webSocketUrl: string
  /** Sends to all who watch the jobs of these ids. */
  broadcast(jobs: readonly string[]): void
  close(): Promise<void>
}

const TEXT = JSON.stringify({ id: '1', type: 'next', payload: { data: 'x'.repeat(400) } })

/** Understands as much of the protocol as the subscribers of bench/fan-out.ts speak. */
export async function serveBareSockets(): Promise<BareSockets> {
  const watchers = new Map<string, Set<WebSocket>>()
  const server = createServer()
  const sockets = new WebSocketServer({ server, handleProtocols: () => 'graphql-transport-ws' })
  sockets.on('connection', socket => {
    socket.on('message', data => {
      const { type, payload } = JSON.parse(String(data))
      if (type === 'connection_init') return socket.send('{"type":"connection_ack"}')
      const of = watchers.get(payload.variables.job) ?? new Set()
      watchers.set(payload.variables.job, of.add(socket))
      socket.on('close', () => of.delete(socket))
    })
  })
  server.listen(0, '127.0.0.1', 4_096)
  await once(server, 'listening')
  return {
    webSocketUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    broadcast(jobs) {
      for (const job of jobs) for (const socket of watchers.get(job) ?? []) socket.send(TEXT)
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.close()
      await once(server, 'close')
    },
  }
}
