import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { sql } from '../src/sql.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { awaitDataset, playPainted, thinkEdit } from './support/export-setup.ts'
import { loadLlamaFactory } from './support/llama-factory-rules.ts'
import { parseLines, runCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { seedModels } from './support/stage-driver.ts'

let server: TestServer
let env: Record<string, string>
let folder: string
beforeAll(async () => {
  server = await startTestServer()
  folder = await mkdtemp(join(tmpdir(), 'pentimento-cli-'))
  env = { PENTIMENTO_SERVER: server.origin }
  const { db, deps } = server
  await seedModels(db)
  const caller = await loadLocalCaller(db)
  for (const color of [1, 2])
    await playPainted(
      { images: { deps: deps.images }, db, caller },
      [
        [3, 3.5],
        [8, 9],
      ],
      { color },
    )
  await awaitDataset(db, caller, thinkEdit, { name: 'photos' })
}, 120_000)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

/** An export that waits and that the server does not write, since another process seems to have it; its global id. */
async function addUnclaimed(): Promise<string> {
  const id = v7()
  await server.db.query(sql`
    insert into export (id, tenant_id, version_id, format, options, by, owner, lease_until)
    select ${id}::uuid, d.tenant_id, v.id, 'CSV', '{"pictures": "NAMED"}'::jsonb, 'a key', ${v7()}::uuid,
      clock_timestamp() + interval '1 day'
    from dataset d join dataset_version v on v.dataset_id = d.id where d.name = 'photos'`)
  return encodeGlobalId('Export', id)
}

describe('pentimento export', { timeout: 120_000 }, () => {
  it('writes and downloads a folder that LLaMA-Factory would accept, and says what comes next', async () => {
    const out = join(folder, 'sft')
    const args = ['export', 'photos', '--format', 'llama-factory-sft', '--out', out]
    const { code, stdout, stderr } = await runCli(args, env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/4 samples in \d+ files/)
    expect(stdout).toContain('llamafactory-cli train')
    expect(await loadLlamaFactory(out, 'photos_v1_train')).toHaveLength(4)
  })

  it('brings only what is missing or damaged when it is run again', async () => {
    const out = join(folder, 'again')
    const args = ['export', 'photos@1', '--format', 'easyr1', '--out', out, '--json']
    const first = parseLines((await runCli(args, env)).stdout)[0]
    expect(first).toMatchObject({ __typename: 'Export', status: 'DONE', samples: 4, loaded: first?.files })
    await appendFile(join(out, 'rl_train.jsonl'), 'damage')
    const kept = await readFile(join(out, 'README.md'))
    await rm(join(out, 'easyr1.yaml'))
    const second = parseLines((await runCli(args, env)).stdout)[0]
    expect(second).toMatchObject({ id: first?.id, contentHash: first?.contentHash, loaded: 2 })
    expect((await readFile(join(out, 'rl_train.jsonl'), 'utf8')).endsWith('damage')).toBe(false)
    expect(await readFile(join(out, 'README.md'))).toEqual(kept)
    expect((await readdir(out)).filter(name => name.endsWith('.part'))).toEqual([])
  })

  it("takes a template of one's own, pictures by name and a size of files", async () => {
    const template = join(folder, 'template.txt')
    await writeFile(template, 'Judge {original_instruction} after {rewritten_prompt}.')
    const out = join(folder, 'own')
    const options = ['--template', template, '--pictures', 'named', '--shard-size', '3']
    const { code } = await runCli(['export', 'photos', '--format', 'llama-factory-sft', '--out', out, ...options], env)
    expect(code).toBe(0)
    expect(await readdir(out)).not.toContain('images')
    expect(await readdir(join(out, 'train'))).toEqual(['00000.json', '00001.json'])
    expect(await readFile(join(out, 'train/00000.json'), 'utf8')).toContain('Judge make it brighter after ')
  })

  it('lists what has been exported, newest first', async () => {
    const args = ['export', 'photos', '--format', 'csv', '--out', join(folder, 'listed')]
    const made = parseLines((await runCli([...args, '--json'], env)).stdout)[0]
    const { code, stdout } = await runCli(['export', '--list'], env)
    expect(code).toBe(0)
    expect(stdout.startsWith(`${made?.id}  DONE     photos@1 csv\n  4 samples, `)).toBe(true)
    const listed = parseLines((await runCli(['export', '--list', '--json'], env)).stdout)
    expect(listed[0]).toMatchObject({ __typename: 'Export', id: made?.id, contentHash: made?.contentHash, error: null })
  })

  it('cancels an export that waits, then deletes it, by the id that the list shows', async () => {
    const id = await addUnclaimed()
    expect(await runCli(['export', '--delete', id], env)).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: 'The export is QUEUED; cancel it before deleting it.\n',
    })
    const listed = await runCli(['export', '--list'], env)
    expect(listed.stdout).toContain(`${id}  QUEUED   photos@1 csv\n`)
    expect(await runCli(['export', '--cancel', id], env)).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'The export is canceled; nothing of it is left.\n',
    })
    const again = await runCli(['export', '--cancel', id, '--json'], env)
    expect(parseLines(again.stdout)).toMatchObject([{ __typename: 'Export', id, status: 'CANCELED' }])
    expect(await runCli(['export', '--delete', id], env)).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'The export is gone, with its files.\n',
    })
    const left = await runCli(['export', '--list'], env)
    expect(left.stdout).not.toContain(id)
  })

  it('deletes one that is done as JSON, and does not cancel it', async () => {
    const args = ['export', 'photos', '--format', 'jsonl', '--out', join(folder, 'deleted'), '--json']
    const { id } = parseLines((await runCli(args, env)).stdout)[0] as { id: string } // as the test of --list sees
    const canceled = await runCli(['export', '--cancel', id, '--json'], env)
    expect(canceled).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('EXPORT_FINISHED') })
    const deleted = await runCli(['export', '--delete', id, '--json'], env)
    expect(parseLines(deleted.stdout)).toEqual([{ __typename: 'DeleteExportSuccess', deletedId: id }])
    const again = await runCli(['export', '--delete', id], env)
    expect(again).toEqual({ code: 1, stdout: '', stderr: 'There is no such export.\n' })
  })

  it.each([
    [['photos', '--delete', 'x'], /take the id of an export and no version/],
    [['--delete', 'x', '--cancel', 'y'], /'--delete <export>' cannot be used with option '--cancel <export>'/],
    [['--cancel', 'x', '--format', 'csv'], /cannot be used with option '--format <format>'/],
    [['--list', '--delete', 'x'], /cannot be used with option '--list'/],
  ])('%j is refused with 2', async (args, message) => {
    expect(await runCli(['export', ...args], env)).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(message),
    })
  })

  it('says in a sentence what cannot be done', async () => {
    const nowhere = await runCli(['export', 'photos', '--format', 'csv'], env)
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('--out') })
    const absent = await runCli(['export', 'nothing', '--format', 'csv', '--out', folder], env)
    expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no dataset nothing.') })
    const unfit = await runCli(['export', 'photos', '--format', 'llama-factory-ranking', '--out', folder], env)
    expect(unfit).toMatchObject({ code: 1, stderr: expect.stringContaining('takes samples of kind PAIR') })
    const unknown = await runCli(['export', 'photos', '--format', 'xml', '--out', folder], env)
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('llama-factory-sft') })
  })
})
