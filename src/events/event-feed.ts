import type { Logger } from 'pino'
import type { Db } from '../db.ts'
import { connectListener } from '../listener.ts'
import { type FollowedFinished, followFinished } from '../trajectories/follow-finished.ts'
import type { FinishedTrajectory } from '../trajectories/read-finished.ts'
import { type EventStream, wakeAll } from './event-stream.ts'
import { followJob } from './follow-job.ts'
import { type FollowedWork, followProgress, type Progress } from './follow-progress.ts'
import { followTenant } from './follow-tenant.ts'
import type { JobEvent } from './job-event.ts'
import { makeJobTails } from './job-tails.ts'
import { makeTenantTails, type TenantEvent } from './tenant-tails.ts'

/** Streams of events for any number of readers over one listening connection. */
export type EventFeed = {
  /** See `followJob`. */
  followJob(input: { tenantId: string; jobId: string; after: number }): Promise<EventStream<JobEvent>>
  /** See `followTenant`. */
  followTenant(input: { tenantId: string; after: string | null }): Promise<EventStream<TenantEvent>>
  /** See `followFinished`. */
  followFinished(input: FollowedFinished): Promise<EventStream<FinishedTrajectory>>
  /** See `followProgress`. */
  followProgress<State>(work: FollowedWork<State>): Promise<EventStream<Progress<State>>>
  /** Calls `listener` with the id of each key that is revoked, and with null when some may have been missed. */
  onKeyRevoked(listener: (keyId: string | null) => void): () => void
  /**
   * Calls `listener` with the table in which work waits (see background-work.ts), the work that got on or the tenant's
   * events (see toEventsName), and with null when some may have been missed.
   */
  onWork(listener: (table: string | null) => void): () => void
  countFollowers(): { ofJobs: number; ofTenants: number }
  /** Every open stream rejects with FeedClosedError: it is not over, its reader goes on elsewhere. */
  close(): Promise<void>
}

/** The feed was closed, as when its process stops; the same stream can be followed on through another. */
export class FeedClosedError extends Error {
  override readonly name = 'FeedClosedError'
  constructor() {
    super('This server is stopping. Subscribe again with the last cursor.')
  }
}

/** What `onWork` and `followProgress` hear when a job of the tenant has a new event. */
export function toEventsName(tenantId: string): string {
  return `events ${tenantId}`
}

const POLL_MS = 2_000

/** Listens at `url`; rejects if that fails at first. Notifications only save waiting: what is missed is polled for. */
export async function connectEventFeed({ db, url, log }: { db: Db; url: string; log: Logger }): Promise<EventFeed> {
  const closing = new AbortController()
  const { signal } = closing
  const jobs = makeJobTails({ db, log, signal })
  const tenants = makeTenantTails({ db, log, signal })
  const keyListeners = new Set<(keyId: string | null) => void>()
  const workListeners = new Set<(table: string | null) => void>()

  const listener = await connectListener({
    url,
    channels: ['job_event', 'api_key', 'background_work'],
    onNotification(channel, payload) {
      if (channel === 'api_key') for (const tell of keyListeners) tell(payload)
      else if (channel === 'background_work') for (const tell of workListeners) tell(payload)
      else hearEvent(payload)
    },
    onReconnect() {
      refreshAll()
      for (const tell of [...keyListeners, ...workListeners]) tell(null)
    },
    log,
  })

  function onWork(tell: (table: string | null) => void): () => void {
    workListeners.add(tell)
    return () => workListeners.delete(tell)
  }

  function hearEvent(payload: string): void {
    const [tenantId = '', jobId = '', lastSeq] = payload.split(' ')
    jobs.hear(jobId, Number(lastSeq) || 0)
    tenants.hear(tenantId)
    for (const tell of workListeners) tell(toEventsName(tenantId))
  }

  function refreshAll(): void {
    jobs.refreshAll()
    tenants.refreshAll()
  }

  let isPolling = false
  const timer = setInterval(async () => {
    tenants.refreshAll()
    if (isPolling) return
    isPolling = true
    await jobs.poll()
    isPolling = false
  }, POLL_MS)
  timer.unref()

  async function open<Item>(follow: () => Promise<EventStream<Item>>): Promise<EventStream<Item>> {
    if (signal.aborted) throw new FeedClosedError()
    return follow()
  }

  return {
    followJob: input => open(() => followJob(input, { db, tails: jobs, signal })),
    followTenant: input => open(() => followTenant(input, { db, tails: tenants, signal })),
    followFinished: input => open(() => followFinished(input, { db, tails: tenants, signal })),
    followProgress: work => open(() => followProgress(work, { onWork, signal })),
    onKeyRevoked(tell) {
      keyListeners.add(tell)
      return () => keyListeners.delete(tell)
    },
    onWork,
    countFollowers: () => ({ ofJobs: countAll(jobs.values()), ofTenants: countAll(tenants.values()) }),
    async close() {
      if (signal.aborted) return
      closing.abort(new FeedClosedError())
      clearInterval(timer)
      for (const tail of [...jobs.values(), ...tenants.values()]) wakeAll(tail.wakers)
      await listener.close()
    },
  }
}

function countAll(tails: Iterable<{ followers: number }>): number {
  let count = 0
  for (const tail of tails) count += tail.followers
  return count
}
