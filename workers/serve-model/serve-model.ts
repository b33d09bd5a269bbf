import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Logger } from 'pino'
import type { Config } from '../../src/config.ts'
import { makeHttpClient } from '../engines/http.ts'
import { openWorkerProcess } from '../worker-process.ts'
import { type ServePlan, ServePlanError } from './plan-servers.ts'
import { type ServerNews, superviseServer } from './supervise-server.ts'

/** `ready` resolves when the servers are healthy and a worker takes tasks for them; rejects with a sentence for people. */
export type ServedModel = {
  ready: Promise<void>
  /** The worker ends or gives back its calls and signs off; then the servers are ended. */
  stop(): Promise<void>
}

/**
 * Runs a model's servers on this host and a worker that drives them. A server that dies is started again; meanwhile the
 * worker sees that it does not answer and leaves the tasks in the queue.
 */
export function serveModel(
  config: Config,
  options: {
    plan: ServePlan
    /** The variables that the servers get. */
    env: Readonly<Record<string, string | undefined>>
    log: Logger
    tell: (news: ServerNews) => void
  },
): ServedModel {
  const { plan, env, log, tell } = options
  const http = makeHttpClient()
  let servers: ReturnType<typeof superviseServer>[] = []
  let worker: { stop(): Promise<void> } | null = null
  let isStopping = false

  async function start(): Promise<void> {
    await Promise.all(plan.servers.map(({ port }) => assertFree(port)))
    if (isStopping) return
    servers = plan.servers.map(server => superviseServer(server, { http, env, tell }))
    await Promise.all(servers.map(server => server.ready))
    if (isStopping) return
    worker = await openWorkerProcess(config, { log, opened: { fleet: plan.fleet, watch: undefined } })
  }

  const ready = start()
  ready.catch(() => {}) // whoever awaits it gets the reason; nobody has to
  let stopping: Promise<void> | undefined
  async function stop(): Promise<void> {
    isStopping = true
    // Before the worker there is nothing to drain, and a model may load for minutes.
    if (!servers.every(server => server.isReady)) await Promise.all(servers.map(server => server.stop()))
    await ready.catch(() => {})
    await worker?.stop()
    await Promise.all(servers.map(server => server.stop()))
    await http.close()
  }
  return {
    ready,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

// Two servers on one port would be taken for one another. What holds it may be left from an earlier start.
async function assertFree(port: number): Promise<void> {
  const server = createServer()
  try {
    server.listen(port, '0.0.0.0')
    await once(server, 'listening')
  } catch {
    throw new ServePlanError(
      `The port ${port} of this host is in use: end what listens there, or choose another --port.`,
    )
  } finally {
    server.close()
  }
}
