// node --import tsx timed-fleet-process.ts OPTIONS: editors and thinkers that take the time a benchmark gives them and
// cost next to nothing else. Says "ready at URL"; GET URL gives what each has counted.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { makePictures } from '../../bench/support/instant-engines.ts'
import { editSeconds, findPlace, toPrompt } from '../../bench/support/model-times.ts'
import { seededRandom } from './seeded-random.ts'

/**
 * `busyShare`: of the calls, how many are answered 503 at once. `hungEditors`: so many take calls and answer none of them,
 * though they answer their health checks. `sizePx`: of the pictures they make.
 */
export type TimedFleetOptions = {
  editors: number
  thinkers: number
  editMeanSeconds: number
  editCv: number
  thinkSeconds: number
  busyShare: number
  hungEditors: number
  sizePx: number
}

/** What a server has counted; `maxInFlight` is the most calls it ever had at once. */
export type TimedCount = {
  url: string
  calls: number
  busy: number
  aborted: number
  maxInFlight: number
  /** From each answer to the next call, in milliseconds; only where one call at a time is made. */
  gapsMs: number[]
}

const options = JSON.parse(process.argv[2] ?? '') as TimedFleetOptions // written by `openFleetHouse`
const random = seededRandom(1)
const paint = await makePictures(options.sizePx)
const servers: TimedCount[][] = []

async function startServers(count: number, answer: (body: Buffer, index: number) => [number, () => unknown]) {
  const started = await Promise.all(Array.from({ length: count }, (_, index) => start(body => answer(body, index))))
  servers.push(started)
}

async function start(answer: (body: Buffer) => [number, () => unknown]): Promise<TimedCount> {
  const counted: TimedCount = { url: '', calls: 0, busy: 0, aborted: 0, maxInFlight: 0, gapsMs: [] }
  let inFlight = 0
  let answeredAt = Number.NaN
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'GET') return send(response, 200, { data: [] })
    counted.calls++
    if (inFlight === 0 && !Number.isNaN(answeredAt)) counted.gapsMs.push(performance.now() - answeredAt)
    if (random() < options.busyShare) {
      counted.busy++
      request.resume()
      return send(response, 503, { error: { message: 'busy' } })
    }
    counted.maxInFlight = Math.max(counted.maxInFlight, ++inFlight)
    response.once('close', () => {
      inFlight--
      if (!response.writableFinished) counted.aborted++
    })
    const [seconds, give] = answer(await buffer(request))
    if (seconds === Number.POSITIVE_INFINITY) return
    setTimeout(() => {
      answeredAt = performance.now()
      if (!response.destroyed) send(response, 200, give())
    }, seconds * 1_000)
  }
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1', 1_024)
  await once(server, 'listening')
  counted.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` // a TCP server has such an address
  return counted
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

await startServers(options.editors, (body, index) => {
  const place = findPlace(body) ?? { job: 0, round: 1 }
  const seconds = editSeconds(place, { mean: options.editMeanSeconds, cv: options.editCv })
  const isHung = index < options.hungEditors
  return [isHung ? Number.POSITIVE_INFINITY : seconds, () => ({ data: [{ b64_json: paint().toString('base64') }] })]
})
await startServers(options.thinkers, body => {
  const { job, round } = findPlace(body) ?? { job: 0, round: 1 }
  const verdict = { reason: 'not yet', semantic: 5, quality: 6, new_rewritten_prompt: toPrompt(job, round + 1) }
  const message = { role: 'assistant', content: JSON.stringify(verdict) }
  return [options.thinkSeconds, () => ({ choices: [{ finish_reason: 'stop', message }], usage: { total_tokens: 42 } })]
})

const control = createServer((_, response) => {
  const [editors = [], thinkers = []] = servers
  send(response, 200, { editors, thinkers })
})
control.listen(0, '127.0.0.1')
await once(control, 'listening')
process.stdout.write(`ready at http://127.0.0.1:${(control.address() as AddressInfo).port}/\n`)
