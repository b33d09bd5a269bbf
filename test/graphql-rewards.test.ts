import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from './support/server.ts'

let server: TestServer
let image: { id: string; sha256: string }
let key: string

beforeAll(async () => {
  server = await startTestServer({ auth: 'keys', workers: 'in-process' })
  key = (await server.createKey('trainer', 'WRITE')).secret
  image = await upload(key)
})
afterAll(() => server?.close())

async function upload(secret: string): Promise<{ id: string; sha256: string }> {
  const query = `mutation($file: File!) {
    uploadImage(file: $file) { ... on UploadImageSuccess { image { id sha256 } } ... on Error { message } }
  }`
  const form = new FormData()
  form.set('operations', JSON.stringify({ query, variables: { file: null } }))
  form.set('map', JSON.stringify({ 0: ['variables.file'] }))
  form.set('0', new Blob([await readFile('examples/rocket.jpg')]))
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: form,
  })
  const { data } = (await response.json()) as { data: { uploadImage: { image: { id: string; sha256: string } } } }
  return data.uploadImage.image
}

const good = {
  response: '<think>dull</think><score>{"semantic": 3, "quality": 9}</score><answer>Make it brighter by 30%</answer>',
  originPrompt: 'Make it brighter',
  previousPrompt: 'brighter',
  evaluation: { semantics: 3, quality: 8 },
}
const batch = (more: object = {}) => ({
  rollouts: [{ ...good, originImage: image.sha256 }],
  deadlineSeconds: 25,
  ...more,
})

function post(
  body: unknown,
  { secret = key, ...init }: RequestInit & { secret?: string | null } = {},
): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(secret && { authorization: `Bearer ${secret}` }) }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(`${server.origin}/rewards`, { method: 'POST', headers, body: text, ...init })
}

const SCORE = `mutation($input: ScoreRolloutsInput!) {
  scoreRollouts(input: $input) {
    __typename ... on Error { code message } ... on InvalidInputError { field }
    ... on ScoreRolloutsSuccess {
      edits seconds
      results {
        overall format accuracy editedSemantic editedQuality critic edit codeTotal codeMixedTotal paperTotal
        fallback message prompt newScores { semantics quality } jobId
      }
    }
  }
}`

describe('the mutation and POST /rewards', () => {
  it('give the same rewards for the same answers, from one edit', async () => {
    const response = await post(batch())
    expect(response.status).toBe(200)
    const plain = (await response.json()) as { results: Record<string, unknown>[]; edits: number }
    expect(plain).toMatchObject({
      edits: 1,
      results: [{ fallback: null, format: 1, prompt: 'Make it brighter by 30%' }],
    })
    expect(plain.results[0]?.editedSemantic).toBeGreaterThan(0.5)
    const { data, errors } = await server.query<{ scoreRollouts: typeof plain }>(SCORE, { input: batch() }, key)
    expect(errors).toBeUndefined()
    expect(data?.scoreRollouts.results).toEqual(plain.results)
  })

  it('take an image by its id as well', async () => {
    const response = await post(batch({ rollouts: [{ ...good, originImage: image.id }] }))
    expect(await response.json()).toMatchObject({ results: [{ fallback: null }] })
  })

  it('take a thousand answers, and no more', async () => {
    const rollouts = Array.from({ length: 1_024 }, () => ({ ...good, response: 'nothing', originImage: image.sha256 }))
    const { data, errors } = await server.query<{ scoreRollouts: { results: { fallback: string }[] } }>(
      SCORE,
      { input: batch({ rollouts }) },
      key,
    )
    expect(errors).toBeUndefined()
    expect(data?.scoreRollouts.results.map(({ fallback }) => fallback)).toEqual(rollouts.map(() => 'FORMAT'))
    const many = await post(batch({ rollouts: [...rollouts, rollouts[0]] }))
    expect([many.status, await many.json()]).toMatchObject([
      400,
      { errors: [{ message: 'rollouts must have 1 to 1024 items, not 1025.', extensions: { code: 'INVALID_INPUT' } }] },
    ])
  })

  it.each([
    [{ rollouts: [] }, 'rollouts'],
    [{ deadlineSeconds: 0 }, 'deadlineSeconds'],
    [{ deadlineSeconds: 601 }, 'deadlineSeconds'],
    [{ seed: -1 }, 'seed'],
    [{ formula: 'PAPER' }, 'weights'],
    [{ weights: { format: 0.5, critic: 0.5, edit: 0.5 } }, 'weights'],
    [{ skipAtLeast: 11 }, 'skipAtLeast'],
    [{ editorParameters: { nonsense: 1 } }, 'editorParameters.nonsense'],
  ])('refuse %j and name the field', async (more, field) => {
    const { data } = await server.query<{ scoreRollouts: unknown }>(SCORE, { input: batch(more) }, key)
    expect(data?.scoreRollouts).toMatchObject({ code: 'INVALID_INPUT', field })
    const response = await post(batch(more))
    expect(response.status).toBe(400)
    expect(JSON.stringify(await response.json())).toContain('INVALID_INPUT')
  })

  it('give another tenant no edit of a foreign image', async () => {
    const { secret } = await server.createKey('stranger', 'WRITE')
    const rollouts = [image.id, image.sha256].map(originImage => ({ ...good, originImage }))
    const response = await post(batch({ rollouts }), { secret })
    expect(await response.json()).toMatchObject({
      results: [{ fallback: 'EDIT_FAILED', jobId: null }, { fallback: 'EDIT_FAILED' }],
    })
  })
})

describe('POST /rewards', () => {
  it('wants a key of role WRITE', async () => {
    const { secret } = await server.createKey('trainer', 'READ')
    expect([(await post(batch(), { secret: null })).status, (await post(batch(), { secret })).status]).toEqual([
      401, 403,
    ])
  })

  it('refuses what is no batch', async () => {
    const statuses = await Promise.all([
      post('{ "rollouts": '),
      post('[]'),
      post({ rollouts: [{ response: 5 }] }),
      post(batch({ more: 1 })),
      post(batch(), { headers: { 'content-type': 'text/plain', authorization: `Bearer ${key}` } }),
      fetch(`${server.origin}/rewards`, { headers: { authorization: `Bearer ${key}` } }),
      post(batch({ judge: 'nobody' })),
    ])
    expect(statuses.map(({ status }) => status)).toEqual([400, 400, 400, 400, 415, 405, 400])
  })

  it('refuses a body over its limit', async () => {
    const response = await post(`"${'x'.repeat(33_000_000)}"`)
    expect(response.status).toBe(413)
  })

  it('says 429 where a quota is used up', async () => {
    const { secret } = await server.createKey('poor', 'WRITE')
    const own = await upload(secret)
    await server.db.query(`update tenant set quotas = '{"maxJobsPerDay": 0}' where name = 'poor'`)
    const response = await post(batch({ rollouts: [{ ...good, originImage: own.sha256 }] }), { secret })
    expect(response.status).toBe(429)
  })
})
