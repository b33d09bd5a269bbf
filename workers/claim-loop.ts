import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ClaimedTask } from '../src/queue/task.ts'

/** One queue's loop. `wake`: there may be work or a free slot. `stop` resolves when no claim is under way any more. */
export type ClaimLoop = { wake(): void; stop(): Promise<void> }

export type ClaimLoopConfig = {
  /** Slots that could start a call now; nothing is claimed ahead of them. */
  room: () => number
  claim: (limit: number) => Promise<ClaimedTask[]>
  /** Takes a claimed task over; does not throw. */
  run: (task: ClaimedTask) => void
  log: Logger
  /** The net under a lost NOTIFY, with half as much jitter. Default 1,000. */
  pollMs?: number
}

const PAUSE_AFTER_ERROR_MS = 500
/** Under load what becomes ready meanwhile is claimed at once: a claim of five costs little more than a claim of one. */
const MIN_GAP_MS = 10

/**
 * Claims up to the free slots whenever it is woken, and every second or so anyway. One claim at a time; a wake that
 * comes during a claim leads to another, 10 ms after the first one began; one that finds the loop at rest claims at once.
 */
export function startClaimLoop({ room, claim, run, log, pollMs = 1_000 }: ClaimLoopConfig): ClaimLoop {
  const stopping = new AbortController()
  let isWoken = true
  let claimedAt = Number.NEGATIVE_INFINITY
  let resume: (() => void) | null = null

  function wake(): void {
    isWoken = true
    resume?.()
  }

  async function rest(): Promise<void> {
    if (isWoken || stopping.signal.aborted) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>(resolve => {
      resume = resolve
      timer = setTimeout(resolve, pollMs * (1 + Math.random() / 2))
    })
    clearTimeout(timer)
    resume = null
  }

  async function pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: stopping.signal }).catch(() => {})
  }

  async function turn(): Promise<void> {
    const soonestMs = claimedAt + MIN_GAP_MS - performance.now()
    if (soonestMs > 0) await pause(soonestMs)
    isWoken = false
    const limit = stopping.signal.aborted ? 0 : room()
    if (limit <= 0) return
    claimedAt = performance.now()
    try {
      const tasks = await claim(limit)
      for (const task of tasks) run(task)
    } catch (error) {
      log.warn({ err: error }, 'tasks could not be claimed')
      await pause(PAUSE_AFTER_ERROR_MS)
    }
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await turn()
      await rest()
    }
  }

  const ended = loop()
  return {
    wake,
    async stop() {
      stopping.abort()
      wake()
      await ended
    },
  }
}
