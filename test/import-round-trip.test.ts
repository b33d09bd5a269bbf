import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createDataset } from '../src/datasets/create-dataset.ts'
import { createVersion } from '../src/datasets/create-version.ts'
import { findExport } from '../src/exports/export-row.ts'
import { startExport } from '../src/exports/start-export.ts'
import { addCritique } from '../src/jobs/add-critique.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { buildDataset, makeExport, openExports, playPainted, readExport, saveExport } from './support/export-setup.ts'
import { runCli } from './support/run-cli.ts'
import { createCaller } from './support/seed.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until } from './support/until.ts'

const shares = { train: 0.5, validation: 0.5 }

/** An export of all that the tenant has, made by the server itself. */
async function exportFrom(server: TestServer, caller: Caller, name: string) {
  const { db } = server
  const { tenantId } = caller
  const datasetId = await createDataset(db, { tenantId, name, description: 'for a test' })
  const recipe = { kind: 'plain' } as const
  const version = { tenantId, datasetId, filter: {}, recipe, splits: { shares, seed: 'a' }, by: 'test' }
  const versionId = await createVersion(db, version)
  const isReady = async () => {
    const { rows } = await db.query<{ status: string }>('select status from dataset_version where id = $1', [versionId])
    return rows[0]?.status === 'READY'
  }
  await until('the version is ready', isReady, 30_000)
  const id = await startExport(db, caller, { versionId, format: 'JSONL' })
  return await until(
    'the export is done',
    async () => {
      const row = await findExport(db, tenantId, id)
      return row?.status === 'DONE' && row
    },
    30_000,
  )
}

it('an export that another server imports and exports again has the same files', { timeout: 120_000 }, async () => {
  const home = await openExports()
  const away = await startTestServer()
  const folder = await mkdtemp(join(tmpdir(), 'pentimento-round-trip-'))
  try {
    for (const color of [1, 2, 3, 4, 5]) {
      const about = { color, tags: [`t${color}`], metadata: { task: 'light', color: color / 3 }, batch: 'b' }
      await playPainted(
        home,
        [
          [4, 5],
          [color, 9],
          [9, 9],
        ],
        about,
      )
    }
    // The same twice, but for its times.
    await playPainted(home, [[9, 9]], { color: 6 })
    await playPainted(home, [[9, 9]], { color: 6 })
    const { rows } = await home.db.query<{ id: string }>('select id from round order by id limit 1')
    const words = { isSatisfied: true, reasoning: 'Fine.', refinedPrompt: null, semantic: 7, quality: 7.7 }
    const author = { tenantId: home.caller.tenantId, keyName: 'ann' }
    await addCritique(home.db, author, { ...words, roundId: rows[0]?.id ?? '' })

    const versionId = await buildDataset(home.db, home.caller, { kind: 'plain' }, { name: 'set', shares })
    const first = await makeExport(home, { versionId, format: 'JSONL' })
    const files = await readExport(home, first.id)
    expect([...files.keys()].filter(path => path.endsWith('.jsonl'))).toHaveLength(2)
    await saveExport(files, folder)

    const imported = await runCli(['import', folder], { PENTIMENTO_SERVER: away.origin })
    expect(imported).toEqual({ code: 0, stdout: '7 imported, 0 there already, 0 skipped\n', stderr: '' })
    const caller = await createCaller(away.db, 'READ', await defaultTenant(away))
    const second = await exportFrom(away, caller, 'set')
    expect(second.contentHash).toBe(first.contentHash)
    const again = await readExport(
      { ...home, db: away.db, deps: { ...home.deps, storage: away.deps.storage } },
      second.id,
    )
    expect(new Map([...again].sort())).toEqual(new Map([...files].sort()))
  } finally {
    await rm(folder, { recursive: true, force: true })
    await away.close()
    await home.close()
  }
})

async function defaultTenant({ db }: TestServer): Promise<{ tenantId: string; tenant: string }> {
  const { rows } = await db.query<{ tenantId: string; tenant: string }>(
    `select id as "tenantId", name as tenant from tenant where name = 'default'`,
  )
  if (!rows[0]) throw new Error('There is no default tenant.')
  return rows[0]
}
