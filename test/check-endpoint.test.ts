import { afterEach, expect, test } from 'vitest'
import { checkEndpoint } from '../workers/check-endpoint.ts'
import { makeBuiltinEngines } from '../workers/engines/builtin-engines.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'
import {
  type FakeAnswer,
  type FakeModelServer,
  FakeRefusal,
  startFakeModelServer,
} from './support/fake-model-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(() => Promise.all(closing.splice(0).map(close => close())))

async function startServer(models: FakeAnswer): Promise<FakeModelServer> {
  const server = await startFakeModelServer({ posts: {}, gets: { '/v1/models': models } })
  closing.push(() => server.close())
  return server
}

async function check(url: string, profile: string) {
  const http = makeHttpClient()
  const builtin = makeBuiltinEngines()
  closing.push(
    () => http.close(),
    () => builtin.close(),
  )
  const text = `thinkers: [{ model: t, engine: openai-chat, style: json, profile: ${profile}, url: "${url}" }]`
  const [model] = parseFleet(text, { path: 'fleet.yaml', env: {}, readFile: () => '' }).models
  if (!model) throw new Error('The fleet has no model.')
  return checkEndpoint({ http, builtin }, { model, url, isDeep: false }, new AbortController().signal)
}

test.each([401, 403, 429, 500, 503])(
  'a server that answers %i is there, and something is wrong with it',
  async status => {
    const { url } = await startServer(() => {
      throw new FakeRefusal(status, {})
    })
    const found = await check(url, 'vllm')
    expect(found).toMatchObject({ isReachable: true, serves: null, latencyMs: expect.any(Number) })
    expect(found.problem).toMatch(/^The model server /)
  },
)

test('a server that hangs up is not there', async () => {
  const { url } = await startServer(() => ({}))
  await closing.splice(0)[0]?.()
  expect(await check(url, 'vllm')).toMatchObject({ isReachable: false, latencyMs: null, problem: expect.any(String) })
})

const noList: [string, FakeAnswer][] = [
  ['no list of models', () => ({ status: 'a page of something else' })],
  [
    'no page for it',
    () => {
      throw new FakeRefusal(404, {})
    },
  ],
]

test.each(noList)('a URL with %s is told where every server of the profile has a list', async (_, answer) => {
  const { url } = await startServer(answer)
  for (const profile of ['openai', 'vllm', 'sglang']) {
    expect((await check(url, profile)).problem).toMatch(/list of models .* does it end in \/v1\?$/)
  }
})

test.each(noList)('a gateway with %s is in order: it need not have one', async (_, answer) => {
  const { url } = await startServer(answer)
  expect(await check(url, 'generic')).toMatchObject({ isReachable: true, serves: null, problem: null })
})
