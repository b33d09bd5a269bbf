import type { Logger } from 'pino'
import { heartbeatMs, selfAbortMs } from '../src/queue/task.ts'

/** The pulse of one process. */
export type Heartbeat = {
  /** A heartbeat got through less than six seconds ago: calls may start and go on. */
  isAlive(): boolean
  /** For a whole heartbeat period none failed. Before that nothing may be reaped: after an outage others renew first. */
  isSteady(): boolean
  /** Ends after the beat under way. */
  stop(): Promise<void>
}

export type HeartbeatConfig = {
  /** Renews every lease of this process; must end by itself within seconds. */
  beat: () => Promise<void>
  /** No heartbeat got through for six seconds: others may have our work within three more. Called once an outage. */
  onCut: () => void
  log: Logger
  everyMs?: number
  cutAfterMs?: number
}

const WATCH_MS = 200
const RETRY_MS = 250

/**
 * Beats every 3 s, sooner after a failure. Resolves after the first beat; rejects if that one fails. Time is the
 * monotonic clock, counted from when a beat was sent, so a stopped process that wakes finds itself cut off.
 */
export async function startHeartbeat(config: HeartbeatConfig): Promise<Heartbeat> {
  const { beat, onCut, log, everyMs = heartbeatMs, cutAfterMs = selfAbortMs } = config
  let lastSentAt = performance.now()
  await beat()
  let steadySince: number | null = lastSentAt
  let isCut = false
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()

  const isAlive = () => !isCut && performance.now() - lastSentAt < cutAfterMs

  function watch(): void {
    if (isCut || isAlive()) return
    isCut = true
    steadySince = null
    log.error('no heartbeat got through for too long: all calls are aborted')
    onCut()
  }

  async function pulse(): Promise<void> {
    watch()
    const sentAt = performance.now()
    try {
      await beat()
      if (isCut) log.info('heartbeats get through again')
      isCut = false
      lastSentAt = sentAt
      steadySince ??= sentAt
      schedule(everyMs - (performance.now() - sentAt))
    } catch (error) {
      steadySince = null
      log.warn({ err: error }, 'a heartbeat failed')
      schedule(RETRY_MS)
    }
  }

  function schedule(ms: number): void {
    if (isStopped) return
    timer = setTimeout(() => (running = pulse()), Math.max(0, ms))
  }

  const watching = setInterval(watch, WATCH_MS)
  schedule(everyMs)

  return {
    isAlive,
    isSteady: () => isAlive() && steadySince !== null && performance.now() - steadySince >= everyMs,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      clearInterval(watching)
      await running
    },
  }
}
