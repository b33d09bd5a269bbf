import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { FakeFleetMood, FakeFleetOptions, FakeServerCount } from './fake-fleet-process.ts'
import { startProcess } from './server-process.ts'
import { fakeEditorModel, fakeThinkerModel } from './worker-setup.ts'

/** Fake model servers in a process of their own, and the fleet file that lists them. */
export type FakeFleet = {
  fleetPath: string
  count(): Promise<{ editors: FakeServerCount[]; thinkers: FakeServerCount[] }>
  /** From now on calls take a moment and the thinkers are satisfied: what is left ends soon. */
  hurry(): Promise<void>
  close(): Promise<void>
}

/** `capacity`: calls at once that the fleet file allows each server. The file is written into `folder`. */
export async function startFakeFleet(
  options: FakeFleetOptions & { capacity: number; folder: string },
): Promise<FakeFleet> {
  const { capacity, folder, ...servers } = options
  const child = startProcess('test/support/fake-fleet-process.ts', {}, [JSON.stringify(servers)])
  const controlUrl = await child.ready(60_000)
  const count: FakeFleet['count'] = async () => (await fetch(controlUrl)).json() as ReturnType<FakeFleet['count']> // the process says it so
  const { editors, thinkers } = await count()
  const urlsOf = (counts: FakeServerCount[]) => counts.map(({ url }) => url)
  const fleetPath = await writeFleetFile(folder, { editors: urlsOf(editors), thinkers: urlsOf(thinkers), capacity })
  return {
    fleetPath,
    count,
    async hurry() {
      const mood: FakeFleetMood = { delayMs: [10, 50], isSatisfied: true }
      await fetch(controlUrl, { method: 'POST', body: JSON.stringify(mood) })
    },
    async close() {
      await child.end('SIGKILL')
    },
  }
}

/** Writes `fleet.yaml` for fake servers into the folder, over one that is there; its path. */
export async function writeFleetFile(
  folder: string,
  { editors, thinkers, capacity }: { editors: string[]; thinkers: string[]; capacity: number },
): Promise<string> {
  const path = join(folder, 'fleet.yaml')
  const file = {
    editors: [{ model: fakeEditorModel, engine: 'openai-images', profile: 'generic', urls: editors, capacity }],
    thinkers: [{ model: fakeThinkerModel, engine: 'openai-chat', style: 'json', urls: thinkers, capacity }],
  }
  await writeFile(path, stringify(file))
  return path
}
