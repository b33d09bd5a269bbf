import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { v7 } from 'uuid'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startExport } from '../src/exports/start-export.ts'
import { buildSteps, type ExportSetup, makeExport, openExports } from './support/export-setup.ts'
import { until } from './support/until.ts'

let setup: ExportSetup
let steps: string
beforeAll(async () => {
  setup = await openExports()
  steps = await buildSteps(setup)
})
afterAll(() => setup.close())

/** A database with the same content, of another time zone, and a copy of the store. */
async function copyAll(): Promise<{ url: string; root: string; clear(): Promise<void> }> {
  const { rows } = await setup.db.query<{ name: string }>('select current_database() as name')
  const name = `copy_${v7().replaceAll('-', '')}`
  const root = await mkdtemp(join(tmpdir(), 'pentimento-copy-'))
  await cp(setup.images.root, root, { recursive: true })
  const url = new URL(inject('postgresUrl'))
  const admin = new pg.Client({ connectionString: url.href })
  await admin.connect()
  // A template must have no connections; the pool opens new ones.
  await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [rows[0]?.name])
  await admin.query(`create database "${name}" template "${rows[0]?.name}" strategy file_copy`)
  await admin.query(`alter database "${name}" set timezone to 'Asia/Kathmandu'`)
  await admin.query(`alter database "${name}" set datestyle to 'German'`)
  url.pathname = name
  return {
    ...{ url: url.href, root },
    async clear() {
      await admin.query(`drop database "${name}" with (force)`)
      await admin.end()
      await rm(root, { recursive: true, force: true })
    },
  }
}

const LOADER = import.meta.resolve('tsx')
const SCRIPT = join(import.meta.dirname, 'support/export-process.ts')

/** Writes exports in a process of another time zone and clock; killed at its file `hangAt`, where that is given. */
async function writeElsewhere(
  { url, root }: { url: string; root: string },
  exportIds: readonly string[],
  hangAt = 0,
): Promise<void> {
  const env = { ...process.env, TZ: 'Pacific/Auckland', LC_ALL: 'de_DE.UTF-8' }
  const args = ['--import', LOADER, SCRIPT, url, root, String(hangAt), ...exportIds]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', text => {
      said += text
    })
  }
  const ended = once(child, 'close')
  if (hangAt > 0) {
    await until('it hangs', () => said.includes('hangs') || child.exitCode !== null, 60_000)
    child.kill('SIGKILL')
  }
  await ended
  expect(said).toBe(hangAt > 0 ? 'hangs\n' : 'done\n')
}

const formats = ['JSONL', 'HUGGINGFACE_PARQUET', 'LLAMA_FACTORY_SFT', 'WEBDATASET', 'VERL', 'CSV'] as const

test('exports made elsewhere, by another clock and time zone and killed half way, have the same hashes', async () => {
  const wishes = formats.map(format => ({ versionId: steps, format, shardSize: 2 }))
  const hashes: (string | null)[] = []
  for (const wish of wishes) {
    const row = await makeExport(setup, wish)
    expect(row).toMatchObject({ status: 'DONE', samples: 12, contentHash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    hashes.push(row.contentHash)
  }
  await setup.db.query('delete from export')
  const ids: string[] = []
  for (const wish of wishes) ids.push(await startExport(setup.db, setup.caller, wish))
  const copy = await copyAll()
  const db = new pg.Client({ connectionString: copy.url })
  try {
    await db.connect()
    const readUnfinished = async () => {
      const { rows } = await db.query<{ id: string }>(`select id from export where status <> 'DONE' order by id`)
      return rows.map(({ id }) => id)
    }
    // Each export has six files of samples or more, so these are in the middle of one.
    for (const hangAt of [3, 2, 9, 9]) {
      await writeElsewhere(copy, await readUnfinished(), hangAt)
      const { rows: half } = await db.query(`
        select from export x where status = 'RUNNING'
          and exists (select from export_file f where f.export_id = x.id and f.samples > 0)`)
      expect(half).toHaveLength(1)
    }
    const unfinished = await readUnfinished()
    expect(unfinished.length).toBeGreaterThan(2)
    await writeElsewhere(copy, unfinished)
    const { rows } = await db.query('select content_hash as hash, samples from export order by id')
    expect(rows).toEqual(hashes.map(hash => ({ hash, samples: 12 })))
  } finally {
    await db.end()
    await copy.clear()
  }
}, 120_000)
