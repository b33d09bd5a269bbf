import type { Logger } from 'pino'
import { heartbeatMs, selfAbortMs } from '../src/queue/task.ts'

/** The pulse of one process. */
export type Heartbeat = {
  /** A heartbeat got through less than six seconds ago: calls may start and go on. */
  isAlive(): boolean
  /** For a whole heartbeat period none failed. Before that nothing may be reaped: after an outage others renew first. */
  isSteady(): boolean
  /** Beats within a second, at most twice in one, instead of at its usual time. */
  hurry(): void
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
/** An early beat keeps this distance from the beat before, so that many reasons for one lead to one. */
const HURRY_GAP_MS = 500
/** The workers of a fleet hear of its changes at the same moment. */
const HURRY_SPREAD_MS = 250

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
  let isBeating = false
  let isHurried = false
  let nextAt = 0
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
    isBeating = true
    isHurried = false
    try {
      await beat()
      if (isCut) log.info('heartbeats get through again')
      isCut = false
      lastSentAt = sentAt
      steadySince ??= sentAt
      schedule(isHurried ? toHurryMs() : everyMs - (performance.now() - sentAt))
    } catch (error) {
      steadySince = null
      log.warn({ err: error }, 'a heartbeat failed')
      schedule(RETRY_MS)
    } finally {
      isBeating = false
    }
  }

  function hurry(): void {
    isHurried = true // for the beat under way, which may have passed what changed
    if (isBeating) return
    const inMs = toHurryMs()
    if (performance.now() + inMs < nextAt) schedule(inMs)
  }

  function toHurryMs(): number {
    const gapMs = lastSentAt + HURRY_GAP_MS - performance.now()
    return Math.max(0, gapMs) + Math.random() * HURRY_SPREAD_MS
  }

  function schedule(ms: number): void {
    if (isStopped) return
    clearTimeout(timer)
    nextAt = performance.now() + ms
    timer = setTimeout(() => (running = pulse()), Math.max(0, ms))
  }

  const watching = setInterval(watch, WATCH_MS)
  schedule(everyMs)

  return {
    isAlive,
    hurry,
    isSteady: () => isAlive() && steadySince !== null && performance.now() - steadySince >= everyMs,
    async stop() {
      isStopped = true
      clearTimeout(timer)
      clearInterval(watching)
      await running
    },
  }
}
