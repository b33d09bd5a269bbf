import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import type { ProviderId } from '../../workers/engines/providers/providers.ts'
import { type FakeBehavior, misbehave, sendJson } from './fake-model-server.ts'
import { type FakeHostedJob, type FakeWire, fakeWires } from './fake-provider-wires.ts'
import { serveHttp } from './serve-http.ts'

/** What a request was for; `download` is of the result's own host. */
export type FakeRoute = 'submit' | 'status' | 'result' | 'cancel' | 'download'

/** One request as it arrived. `key`: the secret it carried, in whatever header. */
type FakeRequest = { route: FakeRoute; method: string; path: string; key: string | null; body: unknown }

/** A hosted provider on free ports of this machine: its API, and the host of its pictures. */
export type FakeProvider = {
  /** What the fleet file names. */
  readonly url: string
  readonly requests: readonly FakeRequest[]
  readonly jobs: readonly FakeHostedJob[]
  /** The requests of one route. */
  seen(route: FakeRoute): FakeRequest[]
  /** For the next requests of the route, one each. `afterwards`: the provider does its part before the answer goes wrong. */
  behaveNext(route: FakeRoute, ...behaviors: (FakeBehavior & { afterwards?: boolean })[]): void
  /** From now on the provider does its part and keeps its answers to the route back, until what it gives is called. */
  hold(route: FakeRoute): () => void
  /** How jobs that are submitted from now on end; default 'done' at the second look. */
  endWith(end: FakeHostedJob['end']): void
  close(): Promise<void>
}

/** The key that the fake takes; any other gets a 401 or 403. */
export const fakeProviderKey = 'secret-key'

/** Starts one that speaks the wire format of the provider. */
export async function startFakeProvider(id: ProviderId): Promise<FakeProvider> {
  const wire: FakeWire = fakeWires[id]
  const requests: FakeRequest[] = []
  const jobs: FakeHostedJob[] = []
  const next = new Map<FakeRoute, (FakeBehavior & { afterwards?: boolean })[]>()
  const held = new Map<FakeRoute, Promise<void>>()
  let end: FakeHostedJob['end'] = 'done'

  async function handle(request: IncomingMessage, response: ServerResponse, route: FakeRoute | null): Promise<void> {
    const path = request.url ?? ''
    const text = (await buffer(request)).toString('utf8')
    if (route === null) return sendJson(response, 404, { detail: 'Not Found' })
    const body: unknown = text === '' ? null : JSON.parse(text)
    const key = wire.keyOf(request.headers)
    requests.push({ route, method: request.method ?? '', path, key, body })
    const behavior = next.get(route)?.shift() ?? { does: 'answer' }
    if (!behavior.afterwards && misbehave(response, behavior)) return
    if (route === 'download') {
      const job = jobs.find(({ id: name }) => path === `/${name}.png`)
      const picture = job && (await paint(job))
      await held.get(route)
      if (!picture) return sendJson(response, 404, { detail: 'expired' })
      response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
      return
    }
    const answer =
      key === fakeProviderKey
        ? wire.answer(route, { path, body, jobs, end, api: api.origin, pictures: pictures.origin })
        : wire.keyless
    await held.get(route)
    if (behavior.afterwards && misbehave(response, behavior)) return
    sendJson(response, answer.status, answer.body)
  }

  const api = await serveHttp((request, response) =>
    handle(request, response, wire.routeOf(request.method ?? '', request.url ?? '')),
  )
  const pictures = await serveHttp((request, response) => handle(request, response, 'download'))
  return {
    url: `${api.origin}${wire.basePath}`,
    requests,
    jobs,
    seen: route => requests.filter(request => request.route === route),
    behaveNext(route, ...behaviors) {
      next.set(route, [...(next.get(route) ?? []), ...behaviors])
    },
    hold(route) {
      let release = () => {}
      held.set(route, new Promise(resolve => (release = resolve)))
      return () => {
        held.delete(route)
        release()
      }
    },
    endWith(how) {
      end = how
    },
    async close() {
      await Promise.all([api.close(), pictures.close()])
    },
  }
}

async function paint({ id }: FakeHostedJob): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(id).digest()
  return sharp({ create: { width: 16, height: 16, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer()
}
