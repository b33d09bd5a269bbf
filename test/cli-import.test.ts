import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { paintPicture } from './support/paint-picture.ts'
import { paperMeta, paperTurn, writeSample } from './support/paper-folder.ts'
import { makeRecord, writePicture } from './support/record-folder.ts'
import { type CliResult, parseLines, runCli, startCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { linesOf } from './support/trajectory-lines.ts'
import { until } from './support/until.ts'

let server: TestServer
let folder: string
/** A tenant of each test's own. */
let tenant: { id: string; name: string; key: string }

beforeAll(async () => {
  server = await startTestServer({ auth: 'keys' })
}, 60_000)
afterAll(() => server.close())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pentimento-import-'))
  tenant = await makeTenant()
  return () => rm(folder, { recursive: true, force: true })
})

let tenants = 0
async function makeTenant(): Promise<typeof tenant> {
  const name = `importer-${++tenants}`
  const { secret } = await server.createKey(name, 'WRITE')
  const { rows } = await server.db.query<{ id: string }>('select id from tenant where name = $1', [name])
  return { id: rows[0]?.id ?? '', name, key: secret }
}

const environment = (key = tenant.key) => ({ PENTIMENTO_SERVER: server.origin, PENTIMENTO_KEY: key })
const run = (args: string[], key?: string): Promise<CliResult> => runCli(['import', ...args], environment(key))

async function writeLines(texts: readonly (string | object)[], name = 'train-00000.jsonl'): Promise<string> {
  const lines = texts.map(text => (typeof text === 'string' ? text : JSON.stringify(text)))
  const path = join(folder, name)
  await writeFile(path, `${lines.join('\n')}\n`)
  return path
}

async function countJobs(): Promise<number> {
  const { rows } = await server.db.query<{ count: number }>('select count(*) from job where tenant_id = $1', [
    tenant.id,
  ])
  return rows[0]?.count ?? 0
}

describe('pentimento import', { timeout: 120_000 }, () => {
  it('takes a folder of lines and pictures, and gives the same lines back, in this tenant and the next', async () => {
    const names = ['one', 'two \u2028 "three"', 'four']
    await writeLines(await Promise.all(names.map(name => makeRecord(folder, name))))
    await writeLines([await makeRecord(folder, 'five')], 'validation-00000.jsonl')
    const first = await run([folder])
    expect(first).toEqual({ code: 0, stdout: '4 imported, 0 there already, 0 skipped\n', stderr: '' })
    const exported = await linesOf(server.db, tenant.id)
    expect(exported.map(line => JSON.parse(line).instruction)).toEqual([...names, 'five'])

    await writeLines(exported.slice(0, 3))
    await writeLines(exported.slice(3), 'validation-00000.jsonl')
    tenant = await makeTenant()
    expect((await run([folder])).stdout).toBe('4 imported, 0 there already, 0 skipped\n')
    expect(await linesOf(server.db, tenant.id)).toEqual(exported)
    const { rows } = await server.db.query('select status from image where tenant_id = $1', [tenant.id])
    expect(rows).toHaveLength(9) // the source they share is stored once
  })

  it('changes nothing the second time, and sends no picture again', async () => {
    const path = await writeLines([await makeRecord(folder, 'one'), await makeRecord(folder, 'two')])
    await run([path])
    const before = await linesOf(server.db, tenant.id)
    await rm(join(folder, 'images'), { recursive: true })
    const again = await run([path, '--batch', 'other', '--json'])
    expect(again.code).toBe(0)
    expect(parseLines(again.stdout)).toEqual([{ __typename: 'Import', imported: 0, present: 2, skipped: 0 }])
    expect(await linesOf(server.db, tenant.id)).toEqual(before)
  })

  it('puts a batch and tags on all', async () => {
    await writeLines([await makeRecord(folder, 'one')])
    await run([folder, '--batch', 'old runs', '--tag', 'paper', '--tag', 'x,y'])
    const [line = ''] = await linesOf(server.db, tenant.id)
    expect(JSON.parse(line)).toMatchObject({ batch: 'old runs', tags: ['paper', 'x', 'y'] })
  })

  it('skips what cannot be imported and names line, field and file', async () => {
    const [good, bad, lost, mixed] = await Promise.all(['a', 'b', 'c', 'd'].map(name => makeRecord(folder, name)))
    if (!good || !bad || !lost || !mixed) throw new Error('A record is missing.')
    Object.assign(bad.rounds[1] ?? {}, { seed: -1 })
    Object.assign(lost.rounds[0] ?? {}, { picture: { path: 'images/none.png', sha256: 'b'.repeat(64) } })
    const wrong = { path: mixed.source.path, sha256: 'c'.repeat(64) }
    Object.assign(mixed.rounds[1] ?? {}, { picture: wrong })
    const outside = { ...good, source: { path: '../secret.png' } }
    const path = await writeLines([bad, '{"format":', '', lost, good, { ...good, version: 9 }, mixed, outside])
    const { code, stdout, stderr } = await run([path])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '1 imported, 0 there already, 6 skipped\n' })
    expect(stderr.split('\n')).toEqual([
      'train-00000.jsonl:2: The line is no JSON.',
      'train-00000.jsonl:6: version must be 1, the only one known here, not 9.',
      'train-00000.jsonl:8: source.path must lead to a file in the same folder or below.',
      'train-00000.jsonl:1: rounds.1.seed must be from 0 to 2147483646, not -1.',
      `train-00000.jsonl:4: rounds.0.picture: There is no file ${join(folder, 'images/none.png')}, and the server has no such picture.`,
      `train-00000.jsonl:7: rounds.1.picture: The file ${join(folder, wrong.path)} is not the picture of this SHA-256.`,
      '',
    ])
    expect(await countJobs()).toBe(1)
  })

  it('stops at the first fault with --strict', async () => {
    const path = await writeLines([await makeRecord(folder, 'a'), 'no json', await makeRecord(folder, 'b')])
    const { code, stderr } = await run([path, '--strict'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^train-00000\.jsonl:2: .* no JSON/) })
    expect(await countJobs()).toBe(0)
  })

  it('stores a picture as every upload is stored, and finds it again by its file', async () => {
    const record = await makeRecord(folder, 'a')
    const dressed = await sharp(await paintPicture('x', { width: 8, height: 8 })).withExif({ IFD0: { Artist: 'X' } })
    await writeFile(join(folder, 'dressed.png'), await dressed.png().toBuffer())
    Object.assign(record.rounds[0] ?? {}, { picture: { path: 'dressed.png' } })
    const path = await writeLines([record])
    expect((await run([path])).stdout).toBe('1 imported, 0 there already, 0 skipped\n')
    expect((await run([path])).stdout).toBe('0 imported, 1 there already, 0 skipped\n')
  })

  it('goes on where a killed one stopped', async () => {
    const names = Array.from({ length: 450 }, (_, i) => `n${i}`)
    const picture = await writePicture(folder, 'all alike')
    const record = await makeRecord(folder, 'a')
    for (const round of record.rounds) round.picture = picture
    const path = await writeLines(names.map(instruction => ({ ...record, instruction })))
    const killed = startCli(['import', path], environment())
    await until('something is imported', async () => (await countJobs()) > 0, 60_000)
    killed.child.kill('SIGKILL')
    expect((await killed.end()).code).not.toBe(0)
    const { code, stdout } = await run([path])
    const [, imported, present] = /^(\d+) imported, (\d+) there already, 0 skipped\n$/.exec(stdout) ?? []
    expect({ code, total: Number(imported) + Number(present) }).toEqual({ code: 0, total: names.length })
    expect(Number(present)).toBeGreaterThan(0)
    const lines = await linesOf(server.db, tenant.id)
    expect(lines.map(line => JSON.parse(line).instruction).sort()).toEqual([...names].sort())
  })

  it('stops at the storage quota, and goes on once there is room', async () => {
    const path = await writeLines([await makeRecord(folder, 'a'), await makeRecord(folder, 'b')])
    const setQuota = (maxStoredBytes: number | null) =>
      server.db.query('update tenant set quotas = $2 where id = $1', [tenant.id, JSON.stringify({ maxStoredBytes })])
    await setQuota(100)
    const { code, stderr } = await run([path])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/may store 100 bytes.*goes on from here/s),
    })
    expect(await countJobs()).toBe(0)
    await setQuota(null)
    expect((await run([path])).stdout).toBe('2 imported, 0 there already, 0 skipped\n')
  })

  it('needs a key that may write, a file that is there and lines in the folder', async () => {
    await writeLines([await makeRecord(folder, 'a')])
    const { secret } = await server.createKey(tenant.name, 'READ')
    expect(await run([folder], secret)).toMatchObject({ code: 1, stderr: expect.stringMatching(/role READ may not/) })
    expect(await run([join(folder, 'none')])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/cannot be read/),
    })
    await mkdir(join(folder, 'empty'))
    const empty = await run([join(folder, 'empty')])
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringMatching(/There is no \.jsonl file in /) })
    expect(await run([folder, '--editor', 'x'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/--paper/) })
    expect(await run([folder, '--paper'])).toMatchObject({ code: 2, stderr: expect.stringMatching(/--editor and/) })
    expect(await countJobs()).toBe(0)
  })
})

describe('pentimento import --paper', { timeout: 120_000 }, () => {
  it('takes a result folder, skips what is broken, and changes nothing the second time', async () => {
    const evaluation = { is_satisfied: false, reason: 'Dark.', new_prompt: 'prompt 2' }
    const turns = [paperTurn(1), paperTurn(2, { evaluation })]
    await writeSample(folder, 'final/gen_image', paperMeta('1', turns))
    await writeSample(folder, 'final/gen_image', paperMeta('2', turns, { max_turns: 30 }))
    await writeSample(folder, 'final/gen_image', paperMeta('3', turns))
    await rm(join(folder, 'final/gen_image/3_turn2.png'))
    const args = ['--paper', folder, '--editor', 'qwen-image-edit', '--thinker', 'editthinker-8b', '--tag', 'paper']
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '1 imported, 0 there already, 2 skipped\n' })
    expect(stderr).toBe(
      'final/gen_image/3_meta.json: The picture final/gen_image/3_turn2.png is missing.\n' +
        'final/gen_image/2_meta.json: settings.maxRounds must be from 1 to 20, not 30.\n',
    )
    const [line = ''] = await linesOf(server.db, tenant.id)
    expect(JSON.parse(line)).toMatchObject({
      ...{ editor: 'qwen-image-edit', tags: ['paper'], stopReason: 'MAX_ROUNDS', best: [2, 0] },
      rounds: [{ critiques: [{ by: 'editthinker-8b', reasoning: 'Dark.' }] }, { parent: [1, 0], critiques: [] }],
    })
    expect((await run(args)).stdout).toBe('0 imported, 1 there already, 2 skipped\n')
    const strict = await run([...args, '--strict'])
    expect(strict).toMatchObject({ code: 1, stderr: expect.stringMatching(/^final\/gen_image\/3_meta\.json: /) })
  })
})
