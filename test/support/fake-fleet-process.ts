// node --import tsx fake-fleet-process.ts OPTIONS: fake editors and thinkers in a process that no kill of ours reaches. Says
// "ready at URL"; GET URL gives what each has counted, POST URL {"delayMs"} changes how long their calls take.

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

/** What one server has counted so far; `maxInFlight` is the most calls it ever had at once. */
export type FakeServerCount = { url: string; calls: number; inFlight: number; maxInFlight: number; aborted: number }

const options = JSON.parse(process.argv[2] ?? '') as FakeFleetOptions // written by `startFakeFleet`
const common = {
  behavior: { does: 'answer', delayMs: options.delayMs } satisfies FakeBehavior,
  random: seededRandom(options.seed),
}
const start = <Server>(count: number, make: () => Promise<Server>) => Promise.all(Array.from({ length: count }, make))
const editors = await start(options.editors, () => startFakeEditor(common))
const thinkers = await start(options.thinkers, () => startFakeThinker(common))

const control = createServer(async (request, response) => {
  if (request.method === 'POST') {
    const { delayMs } = (await json(request)) as Pick<FakeFleetOptions, 'delayMs'>
    for (const server of [...editors, ...thinkers]) server.behave({ does: 'answer', delayMs })
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
