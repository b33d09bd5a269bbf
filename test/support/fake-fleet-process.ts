// node --import tsx fake-fleet-process.ts OPTIONS: fake editors and thinkers in a process that no kill of ours reaches. Says
// "ready at URL"; GET URL gives what each has counted, POST URL sets a FakeFleetMood.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { startFakeEditor } from './fake-editor.ts'
import type { FakeBehavior } from './fake-model-server.ts'
import { startFakeThinker } from './fake-thinker.ts'
import { seededRandom } from './seeded-random.ts'

/** `delayMs`: how long a call takes, a random time within the range. */
export type FakeFleetOptions = { editors: number; thinkers: number; delayMs: readonly [number, number]; seed: number }

/** How long calls take from now on, and whether the thinkers are satisfied by what they see. */
export type FakeFleetMood = { delayMs: readonly [number, number]; isSatisfied: boolean }

/** What one server has counted so far; `maxInFlight` is the most calls it ever had at once. */
export type FakeServerCount = { url: string; calls: number; inFlight: number; maxInFlight: number; aborted: number }

const options = JSON.parse(process.argv[2] ?? '') as FakeFleetOptions // written by `startFakeFleet`
const common = {
  behavior: { does: 'answer', delayMs: options.delayMs } satisfies FakeBehavior,
  random: seededRandom(options.seed),
}
const start = <Server>(count: number, make: () => Promise<Server>) => Promise.all(Array.from({ length: count }, make))
const editors = await start(options.editors, () => startFakeEditor(common))
const satisfied = '{"reason": "done", "semantic": 9, "quality": 9, "is_satisfied": true}'
let isSatisfied = false
// Counted over all thinkers: a job whose prompt came back unchanged would rightly stop.
let asks = 0
const say = () =>
  isSatisfied ? satisfied : `{"semantic": 5, "quality": 6, "new_rewritten_prompt": "bluer, attempt ${++asks}"}`
const thinkers = await start(options.thinkers, () => startFakeThinker({ ...common, say }))

const control = createServer(async (request, response) => {
  if (request.method === 'POST') {
    const mood = (await json(request)) as FakeFleetMood // sent by `startFakeFleet`
    isSatisfied = mood.isSatisfied
    for (const server of [...editors, ...thinkers]) server.behave({ does: 'answer', delayMs: mood.delayMs })
  }
  const toCount = ({ url, calls, inFlight, maxInFlight, aborted }: FakeServerCount): FakeServerCount => ({
    ...{ url, calls, inFlight, maxInFlight, aborted },
  })
  response.end(JSON.stringify({ editors: editors.map(toCount), thinkers: thinkers.map(toCount) }))
})
control.listen(0, '127.0.0.1')
await once(control, 'listening')
const { port } = control.address() as AddressInfo // a TCP server has an address of this form
process.stdout.write(`ready at http://127.0.0.1:${port}/\n`)
