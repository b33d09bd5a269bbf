import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Db } from '../../src/db.ts'
import { startProcess } from '../../test/support/server-process.ts'
import type { TimedCount, TimedFleetOptions } from '../../test/support/timed-fleet-process.ts'
import { until } from '../../test/support/until.ts'
import { startWorkerProcess } from '../../test/support/worker-process.ts'
import { fakeEditorModel, fakeThinkerModel } from '../../test/support/worker-setup.ts'

/** Model servers in a process of their own and the worker processes that drive them. */
export type FleetHouse = {
  count(): Promise<{ editors: TimedCount[]; thinkers: TimedCount[] }>
  close(): Promise<void>
}

/** Resolves when every server is driven and each worker drives its share. */
export async function openFleetHouse(
  db: Db,
  options: { databaseUrl: string; dataDir: string; workers: number; thinkerSlots: number; servers: TimedFleetOptions },
): Promise<FleetHouse> {
  const { databaseUrl, dataDir, workers: workerCount, thinkerSlots, servers } = options
  const models = startProcess('test/support/timed-fleet-process.ts', {}, [JSON.stringify(servers)])
  const controlUrl = await models.ready(60_000)
  const count = async () => (await (await fetch(controlUrl)).json()) as Awaited<ReturnType<FleetHouse['count']>> // it says so
  const { editors, thinkers } = await count()
  const fleetPath = join(dataDir, 'bench-fleet.yaml')
  const [editorUrls, thinkerUrls] = [editors.map(({ url }) => url), thinkers.map(({ url }) => url)]
  const file = {
    editors: [{ model: fakeEditorModel, engine: 'openai-images', profile: 'generic', urls: editorUrls, capacity: 1 }],
    thinkers: [
      { model: fakeThinkerModel, engine: 'openai-chat', style: 'json', urls: thinkerUrls, capacity: thinkerSlots },
    ],
  }
  await writeFile(fleetPath, stringify(file))
  const start = () => startWorkerProcess({ databaseUrl, dataDir, fleetPath })
  const workers = Array.from({ length: workerCount }, start)
  await Promise.all(workers.map(worker => worker.ready()))
  const share = Math.ceil(editorUrls.length / workerCount)
  await until('every server is driven', () => isSpread(db, [...editorUrls, ...thinkerUrls], share), 120_000)
  return {
    count,
    async close() {
      await Promise.all(workers.map(worker => worker.end('SIGTERM')))
      await models.end('SIGKILL')
    },
  }
}

async function isSpread(db: Db, urls: readonly string[], share: number): Promise<boolean> {
  const { rows } = await db.query<{ driven: number; most: number }>(
    `with mine as (
       select worker_id, count(*) as driven, count(*) filter (where model_id = $2) as editors
       from endpoint where url = any($1::text[]) and lease_until > clock_timestamp() group by worker_id)
     select coalesce(sum(driven), 0)::int as driven, coalesce(max(editors), 0)::int as most from mine`,
    [urls, fakeEditorModel],
  )
  return rows[0]?.driven === urls.length && rows[0].most <= share
}
