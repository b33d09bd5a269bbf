// Where a reader stands in a tenant's log: after every event that sorts at or below (epoch, xid, job, seq). The order is
// by the transaction that wrote an event, and it never changes: readers stop below the oldest transaction still open.

import { InvalidInputError } from '../errors.ts'

/** A place in a tenant's log. `jobId` is a uuid in lower case; the null uuid stands before every event of its xid. */
export type EventPosition = {
  readonly epoch: number
  readonly xid: bigint
  readonly jobId: string
  readonly seq: number
}

/** Sorts below every uuid that a job can have. */
export const NIL_JOB = '00000000-0000-0000-0000-000000000000'

/** Before the oldest event. */
export const oldestPosition: EventPosition = { epoch: 0, xid: 0n, jobId: NIL_JOB, seq: 0 }

/** The position as an opaque text, the `cursor` of the API. */
export function encodeEventCursor({ epoch, xid, jobId, seq }: EventPosition): string {
  return Buffer.from(`${epoch}.${xid}.${jobId}.${seq}`, 'latin1').toString('base64url')
}

const CURSOR = /^(\d{1,10})\.(\d{1,20})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(\d{1,10})$/
const MAX_INT = 2_147_483_647
const MAX_XID = 2n ** 64n - 1n

/** The position of a cursor that `encodeEventCursor` gave. Throws InvalidInputError for any other text. */
export function decodeEventCursor(cursor: string, field = 'after'): EventPosition {
  const [, epoch, xid, jobId, seq] = CURSOR.exec(decode(cursor)) ?? []
  if (epoch && xid && jobId && seq) {
    const position = { epoch: Number(epoch), xid: BigInt(xid), jobId, seq: Number(seq) }
    const fits = position.epoch <= MAX_INT && position.seq <= MAX_INT && position.xid <= MAX_XID
    // One position has one text: anything else was not made here.
    if (fits && encodeEventCursor(position) === cursor) return position
  }
  throw new InvalidInputError(field, `${field} is not a cursor of this stream: pass one back as it was given.`)
}

function decode(cursor: string): string {
  return cursor.length > 200 ? '' : Buffer.from(cursor, 'base64url').toString('latin1')
}

/** Below 0: `a` comes first; 0: the same place; above 0: `b` comes first. The order of the database's index. */
export function comparePositions(a: EventPosition, b: EventPosition): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch
  if (a.xid !== b.xid) return a.xid < b.xid ? -1 : 1
  if (a.jobId !== b.jobId) return a.jobId < b.jobId ? -1 : 1
  return a.seq - b.seq
}
