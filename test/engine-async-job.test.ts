import { afterEach, describe, expect, test } from 'vitest'
import { asyncJobEditor } from '../workers/engines/async-job.ts'
import type { EditRequest, Submission } from '../workers/engines/engine.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { dialectOf, type ProviderId } from '../workers/engines/providers/providers.ts'
import { editRequest } from './support/edit-request.ts'
import { failureOf } from './support/failure-of.ts'
import type { FakeBehavior } from './support/fake-model-server.ts'
import { type FakeProvider, fakeProviderKey, startFakeProvider } from './support/fake-provider.ts'
import { noisePng } from './support/pictures.ts'
import { storedSubmission } from './support/stored-submission.ts'
import { until } from './support/until.ts'

const http = makeHttpClient({ maxAnswerBytes: 200_000 })
const models: Record<ProviderId, string> = {
  bfl: 'flux-kontext-pro',
  replicate: 'black-forest-labs/flux-kontext-pro',
  fal: 'fal-ai/flux-pro/kontext',
}
const ids: readonly ProviderId[] = ['bfl', 'replicate', 'fal']
let server: FakeProvider | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp(provider: ProviderId, servedModel = models[provider], key: string | null = fakeProviderKey) {
  server = await startFakeProvider(provider)
  const dialect = dialectOf(provider, servedModel)
  const editor = asyncJobEditor(
    http,
    { baseUrl: server.url, provider, servedModel, key, dialect },
    { firstMs: 20, lastMs: 100 },
  )
  const source = { bytes: await noisePng(), contentType: 'image/png' }
  const edit = (more: Partial<EditRequest> = {}, submission?: Submission, signal = new AbortController().signal) =>
    editor.edit(editRequest({ prompt: 'a "blue" sky', source, seed: 7, ...more }), signal, submission)
  return { server, source, edit }
}

describe.each(ids)('one edit at %s', provider => {
  test('is submitted once, polled, downloaded without the key, and stored before each step', async () => {
    const { server, edit } = await setUp(provider)
    const { submission, stored, writes } = storedSubmission()
    const { picture } = await edit({}, submission)
    expect(picture.contentType).toBe('image/png')
    expect(writes).toEqual(['intend', 'accept'])
    const [job] = server.jobs
    expect(JSON.parse(stored.remote ?? '')).toMatchObject({ engine: 'async-job', provider, id: job?.id })
    const routes = server.requests.map(({ route }) => route)
    const result = provider === 'fal' ? ['result'] : []
    expect(routes).toEqual(['submit', 'status', 'status', ...result, 'download'])
    const keyed = server.requests.map(({ route, key }) => [route, key])
    expect(keyed).toEqual(routes.map(route => [route, route === 'download' ? null : fakeProviderKey]))
  })

  test('goes on with what an earlier attempt submitted', async () => {
    const { server, edit } = await setUp(provider)
    const first = storedSubmission()
    const leaving = new AbortController()
    const call = edit({}, first.submission, leaving.signal)
    await until('it is accepted', () => first.stored.remote !== null)
    leaving.abort(new Error('drained'))
    await expect(call).rejects.toThrow('drained')
    const second = storedSubmission(first.stored.remote)
    await edit({}, second.submission)
    expect(second.writes).toEqual([])
    expect(server.seen('submit')).toHaveLength(1)
    expect(server.seen('cancel')).toHaveLength(0)
  })

  test('is told to stop where its job is canceled and that can be done', async () => {
    const { server, edit } = await setUp(provider)
    server.endWith('never')
    const { submission, stored } = storedSubmission(null, 'canceled')
    const controller = new AbortController()
    const call = edit({}, submission, controller.signal)
    await until('it is polled', () => server.seen('status').length > 0 && stored.remote !== null)
    controller.abort(new Error('canceled'))
    await expect(call).rejects.toThrow('canceled')
    const canceled = provider === 'bfl' ? [] : [{ method: provider === 'fal' ? 'PUT' : 'POST', key: fakeProviderKey }]
    expect(server.seen('cancel')).toMatchObject(canceled)
    expect(server.jobs[0]?.isCanceled).toBe(provider !== 'bfl')
  })

  test('that is answered after its abort is stored all the same', async () => {
    const { server, edit } = await setUp(provider)
    const { submission, stored } = storedSubmission()
    const controller = new AbortController()
    const call = edit(
      {},
      { ...submission, intend: async () => controller.abort(new Error('drained')) },
      controller.signal,
    )
    await expect(call).rejects.toThrow('drained')
    expect(JSON.parse(stored.remote ?? '')).toMatchObject({ id: server.jobs[0]?.id })
  })

  test.each([
    ['refused', 'rejected', 'CONTENT_REFUSED'],
    ['failed', 'failed', 'ENGINE_FAILED'],
  ] as const)('that ends as %s is over, and nothing of it is kept', async (end, kind, code) => {
    const { server, edit } = await setUp(provider)
    server.endWith(end)
    const { submission, writes } = storedSubmission()
    expect(await failureOf(edit({}, submission))).toMatchObject({ kind, code })
    expect(writes).toEqual(['intend', 'accept', 'forget'])
  })

  test('that the provider has lost is over once it is no longer new', async () => {
    const { server, edit } = await setUp(provider)
    server.endWith('lost')
    const first = storedSubmission()
    const early = new AbortController()
    const call = edit({}, first.submission, early.signal)
    await until('it is lost', () => server.seen('status').length > 2)
    early.abort(new Error('drained'))
    await expect(call).rejects.toThrow('drained')
    const old = { ...JSON.parse(first.stored.remote ?? ''), submittedAt: Date.now() - 3_600_000 }
    const later = storedSubmission(JSON.stringify(old))
    expect(await failureOf(edit({}, later.submission))).toMatchObject({ kind: 'failed', code: 'SUBMISSION_LOST' })
    expect(later.writes).toEqual(['forget'])
  })

  const refuse = (status: number, more: Partial<FakeBehavior> = {}): FakeBehavior => ({
    does: 'refuse',
    status,
    ...more,
  })

  test.each([
    ['a faulty request', refuse(422), 'rejected', 'ENGINE_REJECTED', true],
    ['an empty account', refuse(402), 'failed', 'ENGINE_UNPAID', true],
    ['a wrong key', refuse(403), 'failed', 'ENGINE_MISCONFIGURED', true],
    ['an unknown model', refuse(404), 'failed', 'ENGINE_MISCONFIGURED', true],
    ['too many requests', refuse(429, { headers: { 'retry-after': '7' } }), 'busy', 'ENGINE_BUSY', true],
    ['a fault before it was taken', refuse(500), 'failed', 'ENGINE_FAILED', true],
    ['a gateway that gave up', refuse(504, { body: '<html>' }), 'failed', 'ENGINE_FAILED', false],
    ['an answer cut off', { does: 'breakOff' }, 'failed', 'ENGINE_UNREACHABLE', false],
    ['nonsense', { does: 'nonsense', afterwards: true }, 'failed', 'ENGINE_ANSWER_UNREADABLE', false],
    ['JSON without an id', { does: 'nonsense', body: '{}' }, 'failed', 'ENGINE_ANSWER_UNREADABLE', false],
  ] as const)('whose submit gets %s', async (_, behavior, kind, code, isCertain) => {
    const { server, edit } = await setUp(provider)
    server.behaveNext('submit', behavior)
    const { submission, stored } = storedSubmission()
    const error = await failureOf(edit({}, submission))
    expect(error).toMatchObject({ kind, code, retryAfterMs: code === 'ENGINE_BUSY' ? 7_000 : null })
    expect(stored).toEqual({ remote: null, isSubmitted: !isCertain })
    expect(server.seen('submit')).toHaveLength(1)
  })

  test('to a port that nobody listens on was never sent', async () => {
    const { server, edit } = await setUp(provider)
    await server.close()
    const { submission, stored } = storedSubmission()
    expect(await failureOf(edit({}, submission))).toMatchObject({ kind: 'failed', code: 'ENGINE_DOWN' })
    expect(stored.isSubmitted).toBe(false)
  })

  test.each([
    ['a fault', { does: 'refuse', status: 500 }, 'ENGINE_FAILED'],
    ['an answer cut off', { does: 'breakOff' }, 'ENGINE_UNREACHABLE'],
    ['nonsense', { does: 'nonsense' }, 'ENGINE_ANSWER_UNREADABLE'],
  ] as const)('whose status gets %s keeps its id for the next attempt', async (_, behavior, code) => {
    const { server, edit } = await setUp(provider)
    server.behaveNext('status', behavior)
    const { submission, stored } = storedSubmission()
    expect(await failureOf(edit({}, submission))).toMatchObject({ kind: 'failed', code })
    await edit({}, storedSubmission(stored.remote).submission)
    expect(server.seen('submit')).toHaveLength(1)
  })

  test('whose status is asked too often waits as long as it is told to', async () => {
    const { server, edit } = await setUp(provider)
    server.behaveNext('status', refuse(429, { headers: { 'retry-after-ms': '900' } }))
    const startedAt = performance.now()
    await edit({})
    expect(performance.now() - startedAt).toBeGreaterThan(900)
    expect(server.seen('submit')).toHaveLength(1)
  })

  test('whose picture breaks off is downloaded again by the next attempt', async () => {
    const { server, edit } = await setUp(provider)
    server.behaveNext('download', { does: 'breakOff' })
    const { submission, stored } = storedSubmission()
    expect(await failureOf(edit({}, submission))).toMatchObject({ kind: 'failed', code: 'ENGINE_UNREACHABLE' })
    await edit({}, storedSubmission(stored.remote).submission)
    expect(server.seen('submit')).toHaveLength(1)
  })
})

describe('a stored id of another provider', () => {
  test('is left to an endpoint that can ask for it', async () => {
    const { server, edit } = await setUp('fal')
    const remote = {
      engine: 'async-job',
      provider: 'bfl',
      submittedAt: Date.now(),
      id: 'x',
      statusUrl: 'https://api.bfl.ai/x',
    }
    const { submission, writes } = storedSubmission(JSON.stringify({ ...remote, resultUrl: null, cancelUrl: null }))
    expect(await failureOf(edit({}, submission))).toMatchObject({ kind: 'busy', code: 'SUBMISSION_ELSEWHERE' })
    expect([server.requests, writes]).toEqual([[], []])
  })
})
