import { afterAll, beforeAll, expect, test } from 'vitest'
import { schema } from '../schema/index.ts'
import type { Caller, Role } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { createCaller } from './support/seed.ts'

let api: TestApi
const callers = {} as Record<Role, Caller> // filled before the first test

beforeAll(async () => {
  api = await openTestApi()
  const tenant = await createCaller(api.db, 'READ')
  for (const role of ['READ', 'WRITE', 'ADMIN', 'OPERATOR'] as const)
    callers[role] = await createCaller(api.db, role, tenant)
})
afterAll(() => api.close())

/** Each mutation with arguments that would reach its resolver, and the least role that may call it. */
const mutations: Record<string, [Role, string]> = {
  uploadImage: ['WRITE', '(file: $file)'],
  createUpload: ['WRITE', '(input: { contentType: "x", byteSize: 1 })'],
  completeUpload: ['WRITE', '(uploadId: "x")'],
  startEdit: ['WRITE', '(input: { sourceId: "x", instruction: "x" })'],
  startGeneration: ['WRITE', '(input: { instruction: "" })'],
  startFill: ['WRITE', '(input: { sourceId: "x", maskId: "x", instruction: "x" })'],
  startEdits: ['WRITE', '(input: { edits: [] })'],
  cancelJob: ['WRITE', '(jobId: "x")'],
  cancelJobs: ['WRITE', '(filter: { batch: "" })'],
  retryJob: ['WRITE', '(jobId: "x")'],
  deleteJob: ['WRITE', '(jobId: "x")'],
  deleteImage: ['WRITE', '(imageId: "x")'],
  forkRound: ['WRITE', '(input: { roundId: "x" })'],
  addCritique: ['WRITE', '(input: { roundId: "x" })'],
  addPreference: ['WRITE', '(input: { kind: PICK, chosenRoundId: "x" })'],
  createReviewQueue: ['WRITE', '(input: { name: "", kind: PICK })'],
  claimReview: ['WRITE', '(queueId: "x")'],
  answerReview: ['WRITE', '(input: { reviewId: "x" })'],
  skipReview: ['WRITE', '(reviewId: "x")'],
  importTrajectories: ['WRITE', '(input: { trajectories: [] })'],
  reuseImages: ['WRITE', '(sha256: ["x"])'],
  scoreRollouts: ['WRITE', '(input: { rollouts: [] })'],
  createDataset: ['WRITE', '(input: { name: "" })'],
  createDatasetVersion: ['WRITE', '(input: { datasetId: "x", recipe: { kind: PLAIN } })'],
  deleteDataset: ['WRITE', '(datasetId: "x")'],
  startExport: ['WRITE', '(input: { versionId: "x", format: CSV })'],
  cancelExport: ['WRITE', '(exportId: "x")'],
  deleteExport: ['WRITE', '(exportId: "x")'],
  startBenchmarkRun: ['WRITE', '(input: { benchmark: KRIS, editor: "x", items: [] })'],
  startJudgeRun: ['WRITE', '(input: { name: "", model: "x" })'],
  cancelJudgeRun: ['WRITE', '(judgeRunId: "x")'],
  createApiKey: ['ADMIN', '(input: { name: "", role: READ })'],
  revokeApiKey: ['ADMIN', '(id: "x")'],
  setTenant: ['OPERATOR', '(input: { name: "NO" })'],
}
const ROLES: Role[] = ['READ', 'WRITE', 'ADMIN', 'OPERATOR']

test('every mutation is tried here', () => {
  expect(Object.keys(mutations).sort()).toEqual(Object.keys(schema.getMutationType()?.getFields() ?? {}).sort())
})

test.each(Object.entries(mutations))('%s needs its role and is FORBIDDEN below it', async (name, [least, call]) => {
  const file = name === 'uploadImage' ? '($file: File!)' : ''
  for (const role of ROLES) {
    const answer = await api.run(callers[role], `mutation${file} { ${name}${call} { __typename } }`, { file: 'part-1' })
    if (ROLES.indexOf(role) < ROLES.indexOf(least)) {
      expect(answer).toMatchObject({
        data: null,
        errors: [{ code: 'FORBIDDEN', message: expect.stringContaining(name) }],
      })
    } else {
      expect(answer.errors).toEqual([])
      expect(answer.data[name].__typename).toMatch(/Error$/)
    }
  }
})

const KEYS = '{ apiKeys { id name tenant role prefix revokedAt expiresAt } }'
const CREATE = `mutation($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    __typename ... on CreateApiKeySuccess { secret apiKey { id name tenant role prefix revokedAt expiresAt } }
    ... on Error { code message } ... on InvalidInputError { field } ... on NotFoundError { field }
  }
}`
const create = async (by: Caller, input: object) => (await api.get(by, CREATE, { input })).createApiKey

test("keys are listed by admins alone, a tenant's own", async () => {
  for (const role of ['READ', 'WRITE'] as const) {
    expect((await api.run(callers[role], KEYS)).errors).toMatchObject([{ code: 'FORBIDDEN' }])
    const node = `{ node(id: "${Buffer.from(`ApiKey:${callers.ADMIN.keyId}`).toString('base64url')}") { ... on ApiKey { name } } }`
    expect((await api.run(callers[role], node)).errors).toMatchObject([{ code: 'FORBIDDEN' }])
  }
  const { apiKeys } = await api.get(callers.ADMIN, KEYS)
  expect(apiKeys.map((key: { name: string }) => key.name)).toEqual([
    'operator key',
    'admin key',
    'write key',
    'read key',
    'read key',
  ])
})

test('a key is made with a secret that is shown once, and revoked for good', async () => {
  const expiresAt = new Date(Date.now() + 60_000).toISOString()
  const made = await create(callers.ADMIN, { name: 'ci', role: 'WRITE', expiresAt })
  expect(made.apiKey).toMatchObject({
    name: 'ci',
    role: 'WRITE',
    tenant: callers.ADMIN.tenant,
    revokedAt: null,
    expiresAt,
  })
  expect(made.secret.startsWith(made.apiKey.prefix)).toBe(true)
  const revoke = `mutation($id: ID!) {
    revokeApiKey(id: $id) { __typename ... on RevokeApiKeySuccess { apiKey { id revokedAt } } ... on Error { code } }
  }`
  const revoked = await api.get(callers.ADMIN, revoke, { id: made.apiKey.id })
  expect(revoked.revokeApiKey.apiKey).toEqual({ id: made.apiKey.id, revokedAt: expect.stringMatching(/Z$/) })
  expect(await api.get(callers.ADMIN, revoke, { id: made.apiKey.id })).toEqual(revoked)
  const above = Buffer.from(`ApiKey:${callers.OPERATOR.keyId}`).toString('base64url')
  expect((await api.get(callers.ADMIN, revoke, { id: above })).revokeApiKey).toMatchObject({
    __typename: 'ForbiddenError',
  })
})

test('nobody makes a key above the own role, or of another tenant unless an operator', async () => {
  const other = await createCaller(api.db, 'READ')
  const { ADMIN: admin, OPERATOR: operator } = callers
  expect(await create(admin, { name: 'k', role: 'OPERATOR' })).toMatchObject({
    __typename: 'ForbiddenError',
    code: 'FORBIDDEN',
  })
  expect(await create(admin, { name: 'k', role: 'READ', tenant: other.tenant })).toMatchObject({
    __typename: 'ForbiddenError',
  })
  const theirs = await create(operator, { name: 'k', role: 'ADMIN', tenant: other.tenant })
  expect(theirs.apiKey).toMatchObject({ tenant: other.tenant, role: 'ADMIN' })
  expect(await create(operator, { name: 'k', role: 'READ', tenant: 'none' })).toMatchObject({
    __typename: 'NotFoundError',
    field: 'tenant',
  })
  expect(await create(admin, { name: '', role: 'READ' })).toMatchObject({ field: 'name' })
  expect(await create(admin, { name: 'k', role: 'READ', expiresAt: '2020-01-01T00:00:00Z' })).toMatchObject({
    field: 'expiresAt',
  })
  const ofOther = `{ apiKeys(tenant: "${other.tenant}") { name } }`
  expect((await api.get(operator, ofOther)).apiKeys).toEqual([{ name: 'k' }, { name: 'read key' }])
  expect((await api.run(admin, ofOther)).errors).toMatchObject([{ code: 'FORBIDDEN' }])
})

test('an operator creates a tenant and changes it', async () => {
  const document = `mutation($input: SetTenantInput!) {
    setTenant(input: $input) { __typename ... on SetTenantSuccess { tenant } ... on InvalidInputError { field message } }
  }`
  const set = async (input: object) => (await api.get(callers.OPERATOR, document, { input })).setTenant
  const stored = async () => (await api.db.query(`select weight, quotas from tenant where name = 'studio'`)).rows[0]
  expect(await set({ name: 'studio', weight: 2, quotas: { maxJobsPerDay: 9 } })).toEqual({
    __typename: 'SetTenantSuccess',
    tenant: 'studio',
  })
  expect(await stored()).toMatchObject({ weight: 2, quotas: { maxJobsPerDay: 9 } })
  await set({ name: 'studio', weight: 3 })
  expect(await stored()).toMatchObject({ weight: 3, quotas: { maxJobsPerDay: 9 } })
  expect(await set({ name: 'Studio' })).toMatchObject({ field: 'name' })
  expect(await set({ name: 'studio', weight: 0 })).toMatchObject({ field: 'weight' })
  expect(await set({ name: 'studio', quotas: { maxJobsPerDay: -1 } })).toMatchObject({ field: 'quotas.maxJobsPerDay' })
  expect(await set({ name: 'studio', quotas: { typo: 1 } })).toMatchObject({ field: 'quotas' })
})
