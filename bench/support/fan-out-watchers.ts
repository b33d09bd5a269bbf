// The subscribers of bench/fan-out.ts, in a process of their own: plain sockets that note when a message came.

import { WebSocket } from 'ws'

/** What the benchmark asks of its subscribers' process. */
export type WatchOrder =
  | { order: 'connect'; url: string; query: string; jobs: string[]; after: number; count: number }
  | { order: 'expect' }
  | { order: 'disconnect' }

/** `arrivals`: when the subscriber of each number got the event, in ms on the machine's monotonic clock. */
export type WatchReport = { report: 'ready' } | { report: 'arrived'; arrivals: number[] } | { report: 'gone' }

let sockets: WebSocket[] = []
let arrivals: number[] = []
let arrived = 0

const now = () => Number(process.hrtime.bigint()) / 1e6

function tell(report: WatchReport): void {
  process.send?.(report)
}

async function connect(order: Extract<WatchOrder, { order: 'connect' }>): Promise<void> {
  const { url, query, jobs, after, count } = order
  for (let i = 0; i < count; i += 100) {
    await Promise.all(
      Array.from({ length: Math.min(100, count - i) }, (_, j) =>
        open(i + j, url, query, { job: jobs[(i + j) % jobs.length], after }),
      ),
    )
  }
  tell({ report: 'ready' })
}

/** Resolves once the connection is acknowledged and the subscription sent. */
function open(number: number, url: string, query: string, variables: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false })
    sockets.push(socket)
    socket.once('error', reject)
    socket.once('open', () => socket.send('{"type":"connection_init"}'))
    socket.on('message', data => {
      const at = now()
      const message = (data as Buffer).toString('latin1', 0, 120) // ws gives Buffers; the type is near the start
      if (message.includes('"type":"next"')) {
        arrivals[number] = at
        if (++arrived === sockets.length) tell({ report: 'arrived', arrivals })
      } else if (message.includes('"connection_ack"')) {
        socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }))
        resolve()
      } else if (!message.includes('"ping"')) {
        throw new Error(`Unexpected message: ${String(data)}`)
      }
    })
  })
}

process.on('message', async (order: WatchOrder) => {
  if (order.order === 'connect') await connect(order)
  else if (order.order === 'expect') {
    arrivals = []
    arrived = 0
    tell({ report: 'ready' })
  } else {
    for (const socket of sockets) socket.terminate()
    sockets = []
    tell({ report: 'gone' })
  }
})

tell({ report: 'ready' })
