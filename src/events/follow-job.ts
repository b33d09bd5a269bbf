import type { Db } from '../db.ts'
import { NotFoundError } from '../errors.ts'
import { type EventSource, type EventStream, makeEventStream } from './event-stream.ts'
import { type JobEvent, type LoggedEvent, makeBeyondGap, makeDeletionGap } from './job-event.ts'
import type { JobTail, JobTails } from './job-tails.ts'
import { outlast } from './outlast.ts'
import { checkSeq, readJobEvents } from './read-job-events.ts'

const BATCH = 32

/**
 * The events of one job after seq `after`: from the log first, then live, each once and in order. Ends when the job is
 * terminal and its last event was given. An EventGap comes first where `after` lies beyond the last event, and last
 * where the job was deleted under way. Throws NotFoundError for another tenant's job, InvalidInputError for a bad `after`.
 * An outage of the database is waited out.
 */
export async function followJob(
  { tenantId, jobId, after }: { tenantId: string; jobId: string; after: number },
  { db, tails, signal }: { db: Db; tails: JobTails; signal: AbortSignal },
): Promise<EventStream<JobEvent>> {
  checkSeq(after)
  const tail = tails.hold(jobId, after)
  try {
    await tails.refresh(tail)
    if (tail.isGone || tail.tenantId !== tenantId) throw new NotFoundError('jobId', 'job')
  } catch (error) {
    tails.drop(tail)
    throw error
  }
  return makeEventStream(readTail(tail, after, { db, tails, signal }), signal)
}

function readTail(
  tail: JobTail,
  after: number,
  { db, tails, signal }: { db: Db; tails: JobTails; signal: AbortSignal },
): EventSource<JobEvent> {
  const { jobId } = tail
  let cursor = after
  let hasSaidGone = false
  /** What was read for this reader alone, because it is farther behind than the tail reaches. */
  let behind: LoggedEvent[] = []

  function pull() {
    if (cursor > tail.lastSeq && !tail.isGone) {
      const gap = makeBeyondGap(jobId, tail.lastSeq, cursor)
      cursor = tail.lastSeq
      return { item: gap }
    }
    if (cursor >= tail.lastSeq && tail.isTerminal) return 'end'
    if (tail.isGone) {
      if (hasSaidGone) return 'end'
      hasSaidGone = true
      const toSeq = Math.max(lastSeqOf(tail), cursor + 1)
      return { item: makeDeletionGap(jobId, cursor + 1, toSeq) }
    }
    if (cursor === tail.lastSeq) return 'wait'
    const event = findEvent(cursor + 1)
    if (!event) return readBehind()
    cursor = event.seq
    return { item: event }
  }

  function findEvent(seq: number): LoggedEvent | undefined {
    const [first] = behind
    const own = first && behind[seq - first.seq]
    if (own) return own
    behind = []
    return tail.window[seq - tail.lastSeq + tail.window.length - 1]
  }

  async function readBehind(): Promise<'again'> {
    const jobLog = await outlast(() => readJobEvents(db, jobId, cursor, BATCH), { signal })
    if (!jobLog) tail.isGone = true
    else if (jobLog.events[0]?.seq !== cursor + 1) throw new Error(`The log of job ${jobId} lacks event ${cursor + 1}.`)
    else behind = jobLog.events
    return 'again'
  }

  return {
    pull,
    wakers: tail.wakers,
    async isGone(item) {
      if (item.type === 'EVENT_GAP') return false
      if (!tail.isGone) await tails.refresh(tail)
      if (tail.isGone) cursor = item.seq - 1
      return tail.isGone
    },
    release: () => tails.drop(tail),
  }
}

/** The last event of a deleted job as far as it can be known: only ended jobs are deleted, so the one that said so too. */
function lastSeqOf({ lastSeq, heardSeq, isTerminal }: JobTail): number {
  return Math.max(heardSeq, isTerminal ? lastSeq : lastSeq + 1)
}
