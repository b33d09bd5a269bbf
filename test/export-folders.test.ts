import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  buildDataset,
  type ExportSetup,
  makeExport,
  openExports,
  playPainted,
  preference,
  readExport,
  saveExport,
  thinkEdit,
} from './support/export-setup.ts'
import { hashOf } from './support/pictures.ts'

const run = promisify(execFile)

let setup: ExportSetup
let folder: string
beforeAll(async () => {
  setup = await openExports()
  folder = await mkdtemp(join(tmpdir(), 'pentimento-export-'))
  await playPainted(
    setup,
    [
      [5, 6],
      [9, 9],
    ],
    { color: 1, metadata: { task: 'light', objectKey: 'x', sha256: 'y' } },
  )
  await playPainted(
    setup,
    [
      [3, 3.5],
      [6, 6],
      [8, 9],
    ],
    { color: 2 },
  )
})
afterAll(async () => {
  await setup.close()
  await rm(folder, { recursive: true, force: true })
})

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('an ImageFolder has a metadata.jsonl beside the pictures that its columns name', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, thinkEdit, { shares: { train: 0.5, test: 0.5 } })
  const row = await makeExport(setup, { versionId, format: 'IMAGEFOLDER' })
  const files = await readExport(setup, row.id)
  const splits = [...files.keys()].filter(path => path.endsWith('metadata.jsonl'))
  expect(splits.length).toBeGreaterThan(0)
  let rows = 0
  for (const path of splits) {
    const root = path.slice(0, -'metadata.jsonl'.length)
    for (const line of (files.get(path)?.toString() ?? '').trimEnd().split('\n')) {
      const record = JSON.parse(line)
      for (const name of ['source_file_name', 'edited_file_name']) {
        expect(sha256Of(files.get(root + record[name]) ?? Buffer.alloc(0))).toBe(hashOf(record[name]))
      }
      rows++
    }
  }
  expect(rows).toBe(5)
})

test('WebDataset shards are tar files with a key a sample and every picture', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, thinkEdit)
  const row = await makeExport(setup, { versionId, format: 'WEBDATASET', shardSize: 2 })
  const target = join(folder, 'steps')
  await saveExport(await readExport(setup, row.id), target)
  const shards = (await readdir(target)).filter(name => name.endsWith('.tar'))
  expect(shards).toEqual(['train-000000.tar', 'train-000001.tar', 'train-000002.tar'])
  const keys = new Set<string>()
  for (const shard of shards) {
    const members = (await run('tar', ['-tf', join(target, shard)])).stdout.trimEnd().split('\n')
    const { stdout } = await run('tar', ['-tvf', join(target, shard)], { env: { ...process.env, TZ: 'UTC' } })
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .every(line => line.includes(' 1970-01-01 ')),
    ).toBe(true)
    await run('tar', ['-xf', join(target, shard), '-C', target])
    for (const key of new Set(members.map(name => name.slice(0, name.indexOf('.'))))) {
      keys.add(key)
      expect(members.filter(name => name.startsWith(key))).toEqual([
        `${key}.json`,
        `${key}.source.png`,
        `${key}.edited.png`,
      ])
      const json = JSON.parse(await readFile(join(target, `${key}.json`), 'utf8'))
      expect(json.source.path).toBe(`${key}.source.png`)
      for (const picture of [json.source, json.edited]) {
        expect(sha256Of(await readFile(join(target, picture.path)))).toBe(picture.sha256)
      }
    }
  }
  expect(keys.size).toBe(5)
})

test('a whole trajectory is one key with all its pictures, and what callers wrote stays as it is', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, { kind: 'plain' })
  const row = await makeExport(setup, { versionId, format: 'WEBDATASET' })
  const target = join(folder, 'whole')
  await saveExport(await readExport(setup, row.id), target)
  await run('tar', ['-xf', join(target, 'train-000000.tar'), '-C', target])
  const names = (await readdir(target)).filter(name => /^\d/.test(name))
  const jsons = await Promise.all(
    names
      .filter(name => name.endsWith('.json'))
      .map(async name => JSON.parse(await readFile(join(target, name), 'utf8'))),
  )
  expect(jsons.map(json => json.rounds.length).sort()).toEqual([2, 3])
  expect(names.filter(name => /\.round-\d-0\.png$/.test(name))).toHaveLength(5)
  const metadata = jsons.map(json => json.metadata).find(value => value !== null)
  expect(metadata).toEqual({ task: 'light', objectKey: 'x', sha256: 'y' })
})

test('a pair is one key with source, chosen and rejected', async () => {
  const versionId = await buildDataset(setup.db, setup.caller, preference)
  const row = await makeExport(setup, { versionId, format: 'WEBDATASET' })
  const target = join(folder, 'pairs')
  await saveExport(await readExport(setup, row.id), target)
  const { stdout } = await run('tar', ['-tf', join(target, 'train-000000.tar')])
  const parts = stdout
    .trimEnd()
    .split('\n')
    .map(name => name.slice(name.indexOf('.') + 1))
  expect(new Set(parts)).toEqual(new Set(['json', 'source.png', 'chosen.png', 'rejected.png']))
  expect(parts).toHaveLength(4 * row.samples)
})
