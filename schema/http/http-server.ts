import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { answer } from './health.ts'
import { refuse, refuseUpgrade } from './refuse.ts'

/** What answers once the server has started. */
export type Handlers = {
  request(req: IncomingMessage, res: ServerResponse): void
  upgrade(req: IncomingMessage, connection: Duplex, head: Buffer): void
}

/** A listening server. Until `serve` it answers that it is starting. */
export type HttpServer = {
  readonly port: number
  serve(handlers: Handlers): void
  /**
   * Takes no more connections, calls `endStreams`, and resolves when all answers are out; what is still open after
   * `graceMs` is cut.
   */
  close(endStreams: () => Promise<void>, graceMs?: number): Promise<void>
}

const SWEEP_MS = 25

/** Listens at once, so that a port in use is told before anything else is started, and the port is known. */
export async function listen({ host, port }: { host: string; port: number }): Promise<HttpServer> {
  let handlers: Handlers | undefined
  const server = createServer({
    headersTimeout: 20_000,
    requestTimeout: 300_000,
    // Longer than load balancers keep theirs, so that the idle connection is theirs to close.
    keepAliveTimeout: 75_000,
  })
  // Node does not count a connection as idle that has never sent a request; browsers open such ones ahead.
  const unused = new Set<Socket>()
  server.on('connection', socket => {
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.on('request', (req, res) => {
    unused.delete(req.socket)
    if (handlers) handlers.request(req, res)
    else if (req.url === '/health/live') answer(req, res, 200, { status: 'live' })
    else if (req.url === '/health/ready') answer(req, res, 503, { status: 'starting', checks: {} })
    else refuse(req, res, { ...STARTING, headers: { 'retry-after': '1' } })
  })
  server.on('upgrade', (req, connection, head) => {
    unused.delete(req.socket)
    if (handlers) handlers.upgrade(req, connection, head)
    else refuseUpgrade(connection, '503 Service Unavailable', STARTING.message)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(explain(error, host, port)))
    server.listen(port, host, resolve)
  })
  server.removeAllListeners('error')

  let closing: Promise<void> | undefined
  async function shut(endStreams: () => Promise<void>, graceMs: number): Promise<void> {
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of unused) socket.destroy()
    await endStreams()
    const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS)
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearInterval(sweep)
    clearTimeout(cut)
  }

  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    serve(ready) {
      handlers = ready
    },
    close(endStreams, graceMs = 3_000) {
      closing ??= shut(endStreams, graceMs)
      return closing
    },
  }
}

const STARTING = { status: 503, code: 'STARTING', message: 'The server is starting; try again in a moment.' }

function explain(error: Error, host: string, port: number): Error {
  const code = 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new Error(`The port ${port} on ${host} is in use: set PORT to another one, or stop what uses it.`, {
      cause: error,
    })
  }
  if (code === 'EACCES') return new Error(`This user may not listen on port ${port}: set PORT to one from 1024 on.`)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new Error(`"${host}" is no address of this machine: set HOST to one.`, { cause: error })
  }
  return error
}
