import { connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP relay before a server. Frozen it is like a stopped process: connections open and stay, and nothing is said. */
export type FreezingProxy = {
  origin: string
  freeze(): void
  thaw(): void
  /** Ends every connection; new ones are relayed again. */
  cut(): void
  /** Closes the port and every connection. */
  close(): Promise<void>
}

/** Relays a port of its own to `target` (an http origin). */
export async function startFreezingProxy(target: string): Promise<FreezingProxy> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let isFrozen = false
  const relay = (from: Socket, to: Socket) => {
    sockets.add(from)
    from.on('data', chunk => void to.write(chunk))
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    from.on('error', () => to.destroy())
    if (isFrozen) from.pause()
  }
  const server = createServer(client => {
    const upstream = connect(Number(port), hostname)
    relay(client, upstream)
    relay(upstream, client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${portOf(server)}`,
    freeze() {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw() {
      isFrozen = false
      for (const socket of sockets) socket.resume()
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Not listening')
  return address.port
}
