import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectEventFeed, type EventFeed, FeedClosedError } from '../src/events/event-feed.ts'
import type { FollowedWork } from '../src/events/follow-progress.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'
import { within } from './support/until.ts'

let database: TestDatabase
let feed: EventFeed

beforeAll(async () => {
  database = await createTestDatabase()
  feed = await connectEventFeed({ ...database, log: silentLog })
})
afterAll(async () => {
  await feed.close()
  await database.drop()
})

/** Work that counts to 3; `step` says how far it is. */
function work(name: string) {
  const now: { count: number | null } = { count: 0 }
  const followed: FollowedWork<{ count: number }> = {
    name,
    read: async () => (now.count === null ? null : { count: now.count }),
    isOver: ({ count }) => count >= 3,
    absent: new Error('There is no such work.'),
  }
  const step = async (count: number | null) => {
    now.count = count
    await database.db.query(`select pg_notify('background_work', $1)`, [name])
  }
  return { followed, now, step }
}

test('a reader gets the state of now, each later one, and the end', async () => {
  const { followed, step } = work('export 1')
  const stream = await feed.followProgress(followed)
  const next = async () => (await within('there is a state', stream.next())).value?.state.count
  expect(await next()).toBe(0)
  await step(0)
  await step(1)
  expect(await next()).toBe(1)
  await step(3)
  expect(await next()).toBe(3)
  expect(await next()).toBeUndefined()
})

test('a missed notification is made up for', async () => {
  const { followed, now } = work('export 2')
  const stream = await feed.followProgress(followed)
  await stream.next()
  now.count = 2
  expect((await within('it is polled for', stream.next())).value?.state).toEqual({ count: 2 })
  await stream.return()
})

test('work that is over is told once, and none that is not there', async () => {
  const over = work('export 3')
  over.now.count = 3
  const stream = await feed.followProgress(over.followed)
  expect((await stream.next()).value?.state).toEqual({ count: 3 })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  const gone = work('export 4')
  gone.now.count = null
  await expect(feed.followProgress(gone.followed)).rejects.toThrow('There is no such work.')
})

test('work that is deleted ends its streams, and a reader that leaves is let go', async () => {
  const { followed, step } = work('export 5')
  const [stream, left] = [await feed.followProgress(followed), await feed.followProgress(followed)]
  await stream.next()
  await left.next()
  const waiting = left.next()
  await left.return()
  expect(await within('it ends', waiting)).toEqual({ done: true, value: undefined })
  await step(null)
  expect(await within('it ends', stream.next())).toEqual({ done: true, value: undefined })
})

test('a server that stops says so to readers that wait', async () => {
  const closing = await connectEventFeed({ ...database, log: silentLog })
  const stream = await closing.followProgress(work('export 6').followed)
  await stream.next()
  const waiting = stream.next()
  await Promise.all([expect(waiting).rejects.toThrow(FeedClosedError), closing.close()])
})
