// One plain connection a process listens; before Postgres 19 each NOTIFY wakes every listening backend, whatever its channel.

import pg from 'pg'
import type { Logger } from 'pino'

export type ListenerConfig = {
  url: string
  channels: readonly string[]
  /** `payload` is '' where the notifier gave none. What it throws is logged. */
  onNotification: (channel: string, payload: string) => void
  /** Called after each re-LISTEN: what was notified in between is lost, so look at the tables. */
  onReconnect: () => void
  log: Logger
}

const CONNECT_TIMEOUT_MS = 3_000
const KEEPALIVE_MS = 10_000
const KEEPALIVE_TIMEOUT_MS = 5_000
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 1_000
const RETRY_GROWTH = 1.2 // so that it is back after a fifth more than the outage, at the latest

/**
 * LISTENs on every channel until closed, through outages: reconnects within 50 ms of a break, then every second at
 * the latest. Resolves once the first LISTEN holds; rejects if that first connection fails.
 */
export async function connectListener(config: ListenerConfig): Promise<{ close(): Promise<void> }> {
  const { log } = config
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  async function open(): Promise<void> {
    const next = new pg.Client({
      connectionString: config.url,
      application_name: 'pentimento listener',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: KEEPALIVE_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEPALIVE_MS,
    })
    next.on('error', error => log.debug({ err: error }, 'the listening connection reported an error'))
    next.on('notification', ({ channel, payload }) => deliver(channel, payload ?? ''))
    let isOver = false
    next.once('end', () => {
      isOver = true
      lose(next)
    })
    try {
      await next.connect()
      await next.query(config.channels.map(channel => `listen ${pg.escapeIdentifier(channel)}`).join('; '))
      if (isOver) throw new Error('The connection ended as soon as it listened.')
    } catch (error) {
      abandon(next)
      throw error
    }
    if (isClosed) return abandon(next)
    client = next
    scheduleKeepalive(next)
  }

  function scheduleKeepalive(current: pg.Client): void {
    timer = setTimeout(async () => {
      try {
        await current.query('select 1')
        if (client === current) scheduleKeepalive(current)
      } catch {
        lose(current)
      }
    }, KEEPALIVE_MS)
  }

  function lose(lost: pg.Client): void {
    if (client !== lost) return
    client = undefined
    clearTimeout(timer)
    abandon(lost)
    if (isClosed) return
    log.warn('the listening connection broke, reconnecting')
    scheduleReopen(FIRST_RETRY_MS)
  }

  function scheduleReopen(delayMs: number): void {
    timer = setTimeout(async () => {
      try {
        await open()
      } catch (error) {
        log.debug({ err: error }, 'cannot listen yet')
        if (!isClosed) scheduleReopen(Math.min(delayMs * RETRY_GROWTH, LAST_RETRY_MS))
        return
      }
      if (isClosed) return
      log.info('listening again')
      config.onReconnect()
    }, delayMs)
  }

  function deliver(channel: string, payload: string): void {
    try {
      config.onNotification(channel, payload)
    } catch (error) {
      log.error({ err: error, channel }, 'a notification could not be handled')
    }
  }

  await open()
  return {
    async close() {
      isClosed = true
      clearTimeout(timer)
      const last = client
      client = undefined
      await last?.end().catch(() => {})
    },
  }
}

/** Ends it without waiting: a peer that no longer answers would never confirm. */
function abandon(client: pg.Client): void {
  client.end().catch(() => {})
  client.connection.stream.destroy()
}
