import { parse } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeContext } from '../schema/context.ts'
import { encodeGlobalId } from '../schema/global-id.ts'
import { type Live, makeLive } from '../schema/http/live.ts'
import { schema } from '../schema/index.ts'
import { cutOffDatabase } from './support/cut-off-database.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { openTransaction } from './support/open-transaction.ts'
import { createCaller } from './support/seed.ts'
import { seedJob } from './support/seed-job.ts'
import { until, within } from './support/until.ts'
import { finishJob, writeEvents, writeEventsIn } from './support/write-events.ts'

let api: TestApi
let live: Live
let url: string

beforeAll(async () => {
  api = await openTestApi()
  live = makeLive(api.deps)
  url = api.db.pool.options.connectionString ?? ''
})
afterAll(() => api.close())

/** A job with one event, and what reads its stream: the next result each time. */
async function watchJob() {
  const caller = await createCaller(api.db, 'READ')
  const { jobId } = await seedJob(api.db, caller.tenantId)
  await writeEvents(api.db, jobId, [{ type: 'JOB_QUEUED' }])
  const stream = await live.subscribe({
    schema,
    document: parse('subscription ($job: ID!) { jobEvents(jobId: $job) { __typename seq job { id } } }'),
    variableValues: { job: encodeGlobalId('Job', jobId) },
    contextValue: makeContext(api.deps, caller),
  })
  if (!(Symbol.asyncIterator in stream)) throw new Error(`Refused: ${JSON.stringify(stream)}`)
  return {
    jobId,
    next: async () =>
      JSON.parse(JSON.stringify((await within('the next result', stream.next(), 20_000)).value ?? null)),
    result: (__typename: string, seq: number) => ({
      data: { jobEvents: { __typename, seq, job: { id: encodeGlobalId('Job', jobId) } } },
    }),
  }
}

test('an event that is committed while the database cannot be reached arrives when it can', async () => {
  const { jobId, next, result } = await watchJob()
  expect(await next()).toEqual(result('JobQueued', 1))
  const waiting = next()
  const writer = await openTransaction(api.db)
  await writeEventsIn(writer.tx, jobId, [{ type: 'JOB_STARTED' }])
  const { rows } = await writer.tx.query<{ pid: number }>('select pg_backend_pid() as pid')
  const outage = await cutOffDatabase(url, `pid <> ${rows[0]?.pid}`)
  await expect(api.deps.prisma.job.count()).rejects.toThrow()
  await writer.commit()
  await outage.restore()
  expect(await waiting).toEqual(result('JobStarted', 2))
  await finishJob(api.db, jobId)
  expect(await next()).toEqual(result('JobFinished', 3))
  expect(await next()).toBeNull()
})

test('an event that can be read but not shown is shown when it can', async () => {
  const { jobId, next, result } = await watchJob()
  expect(await next()).toEqual(result('JobQueued', 1))
  const waiting = next()
  const writer = await openTransaction(api.db)
  await writeEventsIn(writer.tx, jobId, [{ type: 'JOB_STARTED' }])
  const outage = await cutOffDatabase(url, `application_name = 'pentimento-read'`)
  const before = live.countExecutions()
  await writer.commit()
  await until('it was tried in vain', () => live.countExecutions() > before + 4)
  await outage.restore()
  expect(await waiting).toEqual(result('JobStarted', 2))
})
