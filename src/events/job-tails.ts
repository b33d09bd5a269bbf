// The newest events of every job that someone follows here, read once for all who follow it. Reads are batched: those
// asked for while one statement runs go together into the next, so a burst over many jobs costs a few statements.

import type { Logger } from 'pino'
import { type Db, isConnectionError } from '../db.ts'
import { sql } from '../sql.ts'
import { type Wakers, wakeAll } from './event-stream.ts'
import type { LoggedEvent } from './job-event.ts'
import { outlast } from './outlast.ts'
import { type JobLog, readNewestEvents } from './read-job-events.ts'

/** How many of a job's newest events are kept while it is followed. */
const TAIL_EVENTS = 256

const JOBS_A_READ = 256
const REFRESH_LIMIT_MS = 30_000

/** The end of one job's log as last read. `window` holds its newest events without a gap, the last one at `lastSeq`. */
export type JobTail = {
  readonly jobId: string
  tenantId: string | null
  lastSeq: number
  /** What notifications said it to be, which is later where the job was deleted before that could be read. */
  heardSeq: number
  isTerminal: boolean
  /** The job does not exist (any more). */
  isGone: boolean
  window: LoggedEvent[]
  followers: number
  readonly wakers: Wakers
}

export type JobTails = {
  /** The job's tail, shared and counted up; a new one knows nothing before `refresh`. Older events than `after` are not read. */
  hold(jobId: string, after: number): JobTail
  drop(tail: JobTail): void
  /** Resolves after a read that began later than this call. Rejects when the database cannot be reached for 30 s. */
  refresh(tail: JobTail): Promise<void>
  /** The job's log has been heard to reach `lastSeq`; 0: look, whatever is known. */
  hear(jobId: string, lastSeq: number): void
  /** Looks in one statement whether any job that someone waits for went on unheard. */
  poll(): Promise<void>
  refreshAll(): void
  values(): Iterable<JobTail>
}

type Waiting = { resolve: () => void; reject: (error: unknown) => void }

/** Tails over `db`. Once `signal` aborts, an outage is no longer waited for. */
export function makeJobTails({ db, log, signal }: { db: Db; log: Logger; signal: AbortSignal }): JobTails {
  const tails = new Map<string, JobTail>()
  const dirty = new Map<JobTail, Waiting[]>()
  let isReading = false

  function mark(tail: JobTail, waiting?: Waiting): void {
    const list = dirty.get(tail) ?? []
    if (waiting) list.push(waiting)
    dirty.set(tail, list)
    if (isReading) return
    isReading = true
    queueMicrotask(readDirty) // not at once: notifications that came in one packet are read by one statement
  }

  async function readDirty(): Promise<void> {
    while (dirty.size > 0) {
      const batch = [...dirty].slice(0, JOBS_A_READ)
      for (const [tail] of batch) dirty.delete(tail)
      const wanted = batch.map(([tail]) => ({ jobId: tail.jobId, after: tail.lastSeq }))
      try {
        const read = () => readNewestEvents(db, wanted, TAIL_EVENTS)
        const logs = await outlast(read, { signal, limitMs: REFRESH_LIMIT_MS })
        for (const [i, [tail, list]] of batch.entries()) {
          apply(tail, logs[i] ?? null)
          for (const { resolve } of list) resolve()
        }
      } catch (error) {
        // Who follows goes on waiting: the next poll looks again.
        if (!signal.aborted) log.error({ err: error, jobs: batch.length }, 'the logs of followed jobs cannot be read')
        for (const [, list] of batch) for (const { reject } of list) reject(error)
      }
    }
    isReading = false
  }

  return {
    hold(jobId, after) {
      let tail = tails.get(jobId)
      if (!tail) {
        tail = {
          jobId,
          tenantId: null,
          lastSeq: after,
          heardSeq: 0,
          isTerminal: false,
          isGone: false,
          window: [],
          followers: 0,
          wakers: new Set(),
        }
        tails.set(jobId, tail)
      }
      tail.followers++
      return tail
    },
    drop(tail) {
      tail.followers--
      if (tail.followers === 0 && tails.get(tail.jobId) === tail) tails.delete(tail.jobId)
    },
    refresh: tail => new Promise((resolve, reject) => mark(tail, { resolve, reject })),
    hear(jobId, lastSeq) {
      const tail = tails.get(jobId)
      if (!tail || (lastSeq > 0 && lastSeq <= tail.lastSeq)) return
      tail.heardSeq = Math.max(tail.heardSeq, lastSeq)
      mark(tail)
    },
    async poll() {
      const waiting = [...tails.values()].filter(tail => tail.wakers.size > 0)
      if (waiting.length === 0) return
      try {
        for (const tail of await findChanged(db, waiting)) mark(tail)
      } catch (error) {
        if (!isConnectionError(error)) log.error({ err: error }, 'followed jobs cannot be polled')
      }
    },
    refreshAll() {
      for (const tail of tails.values()) mark(tail)
    },
    values: () => tails.values(),
  }
}

function apply(tail: JobTail, jobLog: JobLog | null): void {
  if (jobLog) {
    const first = jobLog.events[0]
    const goesOn = jobLog.lastSeq >= tail.lastSeq && (!first || first.seq === tail.lastSeq + 1)
    tail.window = (goesOn ? [...tail.window, ...jobLog.events] : jobLog.events).slice(-TAIL_EVENTS)
    tail.lastSeq = jobLog.lastSeq
    tail.isTerminal = jobLog.isTerminal
    tail.tenantId = jobLog.tenantId
  } else {
    tail.isGone = true
  }
  wakeAll(tail.wakers)
}

async function findChanged(db: Db, tails: readonly JobTail[]): Promise<JobTail[]> {
  const ids = tails.map(tail => tail.jobId)
  const { rows } = await db.query<{ id: string; lastSeq: number; isTerminal: boolean }>(sql`
    select id, event_seq as "lastSeq", status not in ('QUEUED', 'RUNNING') as "isTerminal"
    from job where id = any(${ids}::uuid[])`)
  const jobs = new Map(rows.map(row => [row.id, row]))
  return tails.filter(tail => {
    const job = jobs.get(tail.jobId)
    return job?.lastSeq !== tail.lastSeq || job.isTerminal !== tail.isTerminal
  })
}
