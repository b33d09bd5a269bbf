import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeContext } from '../schema/context.ts'
import { encodeGlobalId } from '../schema/global-id.ts'
import { encodeJobCursor } from '../schema/jobs/job-cursor.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'
import { newJob, seedImage, seedModels, startJob } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
/** Global ids in the order of submit. */
const ids: string[] = []

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'READ')
  const source = await seedImage(api.db, caller.tenantId)
  for (let n = 0; n < 25; n++) {
    const tags = n % 2 === 0 ? ['even', `n${n}`] : ['odd']
    const id = await startJob(api.db, caller.tenantId, newJob(source, { tags, batch: n < 5 ? 'five' : null }))
    ids.push(encodeGlobalId('Job', id))
  }
  // Ten of them have ended, three at the same moment.
  await api.db.query(
    `with ended as (select id, row_number() over (order by id) as n from job where tenant_id = $1 order by id limit 10)
     update job set status = 'CANCELED', stop_reason = 'CANCELED',
       finished_at = timestamptz '2026-01-01 00:00:00Z' + greatest(ended.n, 3) * interval '1 minute'
     from ended where ended.id = job.id`,
    [caller.tenantId],
  )
})
afterAll(() => api.close())

const DOCUMENT = `query($filter: JobFilter, $orderBy: JobOrder, $first: Int, $after: String, $last: Int, $before: String) {
  jobs(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

type Page = {
  edges: { cursor: string; node: { id: string } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

async function page(variables: Record<string, unknown>): Promise<Page> {
  return (await api.get(caller, DOCUMENT, variables)).jobs
}
const idsOf = ({ edges }: Page) => edges.map(edge => edge.node.id)

async function walk(variables: Record<string, unknown>): Promise<string[]> {
  const found: string[] = []
  let after: string | null = null
  for (;;) {
    const next: Page = await page({ ...variables, after })
    found.push(...idsOf(next))
    if (!next.pageInfo.hasNextPage) return found
    after = next.pageInfo.endCursor
  }
}

const created = (direction: string) => ({ field: 'CREATED_AT', direction })
const finished = (direction: string) => ({ field: 'FINISHED_AT', direction })

test('a page without arguments is the newest twenty', async () => {
  const first = await page({})
  expect(idsOf(first)).toEqual(ids.toReversed().slice(0, 20))
  expect(first.pageInfo).toEqual({
    hasNextPage: true,
    hasPreviousPage: false,
    startCursor: first.edges[0]?.cursor,
    endCursor: first.edges[19]?.cursor,
  })
})

test('pages of any size come to every job once, in either order', async () => {
  for (const first of [1, 7, 25, 100]) {
    expect(await walk({ first })).toEqual(ids.toReversed())
    expect(await walk({ first, orderBy: created('ASC') })).toEqual(ids)
  }
})

test('jobs in the order of their ends are the ended ones, those of one moment too', async () => {
  for (const first of [1, 2, 3, 100]) {
    expect(await walk({ first, orderBy: finished('ASC') })).toEqual(ids.slice(0, 10))
    expect(await walk({ first, orderBy: finished('DESC') })).toEqual(ids.slice(0, 10).toReversed())
  }
})

test('last and before walk the same list from its end', async () => {
  const end = await page({ last: 4 })
  expect(idsOf(end)).toEqual(ids.slice(0, 4).toReversed())
  expect(end.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true })
  const before = await page({ last: 4, before: end.pageInfo.startCursor })
  expect(idsOf(before)).toEqual(ids.slice(4, 8).toReversed())
  expect(before.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true })
  const between = await page({ first: 100, after: before.edges[0]?.cursor, before: end.edges[0]?.cursor })
  expect(idsOf(between)).toEqual(ids.slice(4, 7).toReversed())
})

test('an empty page has no cursors', async () => {
  const none = {
    edges: [],
    pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
  }
  expect(await page({ first: 0 })).toEqual(none)
})

test('a cursor outlives its job', async () => {
  const source = await seedImage(api.db, caller.tenantId)
  const id = await startJob(api.db, caller.tenantId, newJob(source))
  const [edge] = (await page({ first: 1 })).edges
  await api.db.query('delete from job where id = $1', [id])
  expect(idsOf(await page({ first: 3, after: edge?.cursor }))).toEqual(ids.toReversed().slice(0, 3))
})

test('filters narrow the list by status, tags, batch and time', async () => {
  expect(await walk({ filter: { status: ['CANCELED'] } })).toEqual(ids.slice(0, 10).toReversed())
  expect(await walk({ filter: { tags: ['even', 'n4'] } })).toEqual([ids[4]])
  expect(await walk({ filter: { batch: 'five', status: ['QUEUED'] } })).toEqual([])
  expect(await walk({ filter: { batch: 'five' }, first: 2 })).toEqual(ids.slice(0, 5).toReversed())
  expect(await walk({ filter: { editor: ['nobody'] } })).toEqual([])
  expect(await walk({ filter: { status: [] } })).toEqual([])
  expect(await walk({ filter: { status: null, tags: null, batch: null } })).toHaveLength(25)
  const { job } = await api.get(caller, 'query($id: ID!) { job(id: $id) { createdAt } }', { id: ids[20] })
  const { createdAt } = job
  expect(await walk({ filter: { createdBefore: createdAt } })).not.toContain(ids[20])
  expect(await walk({ filter: { createdAfter: createdAt } })).not.toContain(ids[20])
  expect(
    await walk({ filter: { createdAfter: '2026-01-01T00:00:00+02:00', createdBefore: '2100-01-01T00:00:00Z' } }),
  ).toHaveLength(25)
})

test.each([
  ['first', '0 to 100, not 101', { first: 101 }],
  ['first', '0 to 100, not -1', { first: -1 }],
  ['last', '0 to 100, not 1000', { last: 1000 }],
  ['last', 'together', { first: 1, last: 1 }],
  ['filter.tags.0', '1 to 100 characters', { filter: { tags: [''] } }],
  ['filter.tags', 'at most 50 items, not 51', { filter: { tags: Array(51).fill('t') } }],
  ['filter.editor.1', 'NUL', { filter: { editor: ['a', 'nul\0'] } }],
  ['filter.batch', 'surrogate', { filter: { batch: '\ud800' } }],
])('a page by a bad %s is refused with "%s"', async (field, message, variables) => {
  const { data, errors } = await api.run(caller, DOCUMENT, variables)
  expect(data).toBeNull()
  expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field, message: expect.stringContaining(message) }])
})

test('a cursor that is altered, made up, of another order or of another tenant is refused', async () => {
  const cursor = (await page({ first: 1 })).edges[0]?.cursor ?? ''
  const stranger = await createCaller(api.db, 'OPERATOR')
  const place = {
    id:
      Buffer.from(ids[3] ?? '', 'base64url')
        .toString()
        .split(':')[1] ?? '',
    finishedAt: null,
  }
  const theirs = encodeJobCursor(makeContext(api.deps, stranger), 'CREATED_AT', place)
  const altered = `${cursor.slice(0, -1)}${cursor.endsWith('A') ? 'B' : 'A'}`
  const bad = ['x', 'garbage', altered, cursor.slice(0, 30), theirs, 'A'.repeat(10_000), ids[3], '\0']
  for (const after of bad) {
    for (const argument of ['after', 'before']) {
      const { data, errors } = await api.run(caller, DOCUMENT, { [argument]: after })
      expect(data).toBeNull()
      expect(errors).toMatchObject([{ code: 'INVALID_INPUT', field: argument }])
    }
  }
  const swapped = await api.run(caller, DOCUMENT, { after: cursor, orderBy: finished('DESC') })
  expect(swapped.errors).toMatchObject([{ code: 'INVALID_INPUT', field: 'after' }])
  expect((await api.run(stranger, DOCUMENT, { after: cursor })).errors).toMatchObject([{ code: 'INVALID_INPUT' }])
})

test.each([
  [created('DESC'), 'job_tenant_id_id_idx', /tenant_id = .* AND \(id < /],
  [created('ASC'), 'job_tenant_id_id_idx', /tenant_id = .* AND \(id > /],
  [finished('DESC'), 'job_tenant_id_finished_at_id_idx', /tenant_id = .* AND \(finished_at <= /],
  [finished('ASC'), 'job_tenant_id_finished_at_id_idx', /tenant_id = .* AND \(finished_at >= /],
])('a deep page in order %o begins in the index %s where the last one ended', async (orderBy, index, condition) => {
  const { endCursor } = (await page({ first: 3, orderBy })).pageInfo
  api.takeStatements()
  await page({ first: 3, orderBy, after: endCursor })
  const [statement = ''] = api.takeStatements()
  const plan = await api.db.transaction(async tx => {
    await tx.query('set local enable_seqscan = off') // a table this small is read whole
    await tx.query('set local enable_bitmapscan = off')
    const { rows } = await tx.query<{ 'QUERY PLAN': string }>(`explain (generic_plan) ${statement}`)
    return rows.map(row => row['QUERY PLAN']).join('\n')
  })
  expect(plan).toContain(index)
  expect(plan).toMatch(condition)
  expect(plan).not.toContain('Sort')
})
