// Task: one stage to do. Lease: how long a claimed task is a worker's. Token: the fence, one more at each claim, never
// reset; a write that carries an older one is refused. Boost: raised by the server for retried and reclaimed work.

/** What a task does. JUDGE belongs to a judge run and never changes a job's status. */
export type Stage = 'POLISH' | 'EDIT' | 'THINK' | 'JUDGE'

/** A task that this worker holds until its lease runs out. */
export type ClaimedTask = {
  id: string
  token: number
  workerId: string
  tenantId: string
  jobId: string
  run: number
  stage: Stage
  roundIndex: number
  candidate: number
  /** Which ask this is, from 1: an unreadable answer is asked again as a task of its own. */
  call: number
  roundId: string | null
  /** JUDGE only: the run it belongs to. */
  judgeRunId: string | null
  queue: string
  failures: number
  crashes: number
  /** The endpoint of the attempt before, to be avoided after a failure and preferred by a thinker's caches. */
  lastEndpointId: string | null
  firstClaimedAt: Date
  /** Whether an earlier attempt has, or may have, submitted it to a provider that works it off by itself. */
  isSubmitted: boolean
  /** What that provider gave to find it again, as the engine wrote it; null: no answer came, or there was no submit. */
  remote: string | null
}

/** A task to be queued beside the rows it belongs to. */
export type NewTask = {
  id: string
  tenantId: string
  jobId: string
  run: number
  stage: Stage
  roundIndex: number
  candidate: number
  call: number
  roundId: string | null
  /** For a JUDGE: the run it belongs to. Null for all others. */
  judgeRunId: string | null
  queue: string
  priority: number
  boost: number
  isFirst: boolean
}

/** A killed worker's task runs elsewhere within lease + reap = 10 s and the time of a free slot. */
export const leaseMs = 9_000
export const heartbeatMs = 3_000
/** Without a successful heartbeat for this long a worker aborts its calls: two thirds of a lease. */
export const selfAbortMs = 6_000
export const reapMs = 1_000

export const maxFailures = 5
export const maxCrashes = 3
/** Busy answers (429, 503) are not counted as failures, but end the task this long after its first attempt. */
export const busyLimitMs = 30 * 60_000
export const maxAsks = 3

/** The queue a stage of this model waits in. POLISH, THINK and JUDGE share the thinker's. */
export function queueOf(stage: Stage, model: string): string {
  return stage === 'EDIT' ? `edit:${model}` : `think:${model}`
}
