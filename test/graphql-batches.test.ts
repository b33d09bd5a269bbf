import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'
import { seedImage, seedModels } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller
let sourceId: string

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'WRITE')
  sourceId = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
})
afterAll(() => api.close())

const START_MANY = `mutation($input: StartEditsInput!) {
  startEdits(input: $input) {
    __typename
    ... on StartEditsSuccess { batch jobs {
      __typename
      ... on StartEditSuccess { job { id instruction batch } }
      ... on Error { code message } ... on InvalidInputError { field } ... on NotFoundError { field }
    } }
    ... on Error { code message } ... on InvalidInputError { field } ... on QuotaExceededError { limit }
  }
}`

async function startMany(input: Record<string, unknown>, by = caller) {
  return (await api.get(by, START_MANY, { input })).startEdits
}

const countJobs = async () =>
  (await api.db.query<{ n: number }>('select count(*) as n from job where tenant_id = $1', [caller.tenantId])).rows[0]
    ?.n

test('a batch starts what it can and tells of each edit in order', async () => {
  const edit = (more: Record<string, unknown> = {}) => ({ sourceId, instruction: 'brighter', ...more })
  const started = await startMany({
    batch: 'mine',
    edits: [
      edit({ instruction: 'one' }),
      edit({ settings: { maxRounds: 50 } }),
      edit({ sourceId: 'x' }),
      edit({ instruction: 'two', batch: 'own' }),
      edit({ editor: 'no-such' }),
      edit({ idempotencyKey: 'k', instruction: 'three' }),
      edit({ idempotencyKey: 'k', instruction: 'three' }),
      edit({ idempotencyKey: 'k', instruction: 'other' }),
      edit({ sourceId: encodeGlobalId('Image', '00000000-0000-0000-0000-000000000000') }),
    ],
  })
  expect(started).toMatchObject({
    __typename: 'StartEditsSuccess',
    batch: 'mine',
    jobs: [
      { job: { instruction: 'one', batch: 'mine' } },
      { __typename: 'InvalidInputError', field: 'settings.maxRounds' },
      { __typename: 'NotFoundError', field: 'sourceId' },
      { job: { instruction: 'two', batch: 'own' } },
      { __typename: 'ModelUnavailableError' },
      { job: { instruction: 'three' } },
      { job: { id: started.jobs[5].job.id } },
      { __typename: 'IdempotencyConflictError' },
      { __typename: 'NotFoundError', field: 'sourceId' },
    ],
  })
})

test('five hundred edits start in one transaction and are read in one statement', async () => {
  const edits = Array.from({ length: 500 }, (_, n) => ({ sourceId, instruction: `edit ${n}` }))
  api.takeStatements()
  const { jobs } = await startMany({ edits })
  expect(api.takeStatements().length).toBeLessThanOrEqual(2)
  expect(jobs.map((item: { job: { instruction: string } }) => item.job.instruction)).toEqual(
    edits.map(edit => edit.instruction),
  )
  const { rows } = await api.db.query(
    `select distinct xid from job_event join job on job.id = job_id where instruction like 'edit %'`,
  )
  expect(rows).toHaveLength(1)
})

test('a batch of none, of too many or over the quota starts nothing', async () => {
  const edit = { sourceId, instruction: 'brighter' }
  const before = await countJobs()
  expect(await startMany({ edits: [] })).toMatchObject({ field: 'edits', message: expect.stringContaining('1 to 500') })
  const many = Array(501).fill(edit)
  expect(await startMany({ edits: many })).toMatchObject({
    field: 'edits',
    message: expect.stringContaining('not 501'),
  })
  expect(await startMany({ batch: '', edits: [edit] })).toMatchObject({ field: 'batch' })
  await api.db.query(`update tenant set quotas = '{"maxUnfinishedJobs": 1}' where id = $1`, [caller.tenantId])
  const over = await startMany({ edits: [edit, edit] })
  expect(over).toMatchObject({ __typename: 'QuotaExceededError', limit: 1 })
  await api.db.query(`update tenant set quotas = '{}' where id = $1`, [caller.tenantId])
  expect(await countJobs()).toBe(before)
})
