import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeGlobalId, toUuid } from '../schema/global-id.ts'
import { exportTarUrl } from '../src/exports/export-link.ts'
import { sql } from '../src/sql.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { findCaller } from '../src/tenancy/find-caller.ts'
import { awaitDataset, playPainted, thinkEdit } from './support/export-setup.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { seedModels } from './support/stage-driver.ts'
import { until } from './support/until.ts'

const run = promisify(execFile)

let server: TestServer
let folder: string
let writer: { secret: string; caller: Caller }
let stranger: string
let versionId: string
beforeAll(async () => {
  server = await startTestServer({ auth: 'keys' })
  folder = await mkdtemp(join(tmpdir(), 'pentimento-export-'))
  await seedModels(server.db)
  const { secret } = await server.createKey('ours', 'WRITE')
  stranger = (await server.createKey('theirs', 'ADMIN')).secret
  const caller = await findCaller(server.db, secret)
  if (!caller) throw new Error('The key is no key.')
  writer = { secret, caller }
  for (const color of [1, 2, 3]) {
    await playPainted(
      { images: { deps: server.deps.images }, db: server.db, caller },
      [
        [3, 3.5],
        [8, 9],
      ],
      { color },
    )
  }
  versionId = encodeGlobalId('DatasetVersion', await awaitDataset(server.db, caller, thinkEdit, { name: 'ours' }))
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const start = `mutation($input: StartExportInput!) { startExport(input: $input) {
  __typename ... on StartExportSuccess { export { id status } } ... on Error { code message } ... on NotFoundError { field }
  ... on InvalidInputError { field } } }`
const read = `query($id: ID!) { export(id: $id) {
  id status format pictures samples total bytes contentHash error { code message } url by version { number }
  files(first: 100) { edges { node { path byteSize sha256 samples url } } pageInfo { hasNextPage } } } }`

type Made = {
  id: string
  status: string
  url: string
  bytes: number
  contentHash: string
  files: { edges: { node: FileNode }[] }
}
type FileNode = { path: string; byteSize: number; sha256: string; url: string; samples: number }

async function make(options: object): Promise<Made> {
  const { data } = await server.query<{ startExport: { export: { id: string } } }>(
    start,
    { input: { versionId, ...options } },
    writer.secret,
  )
  const id = data?.startExport.export.id
  return await until('the export is done', async () => {
    const { data: found } = await server.query<{ export: Made }>(read, { id }, writer.secret)
    return found?.export.status === 'DONE' && found.export
  })
}

test('an export is started, written by the server, and downloaded file by file', async () => {
  const made = await make({ format: 'EASYR1', subset: 'RL' })
  expect(made).toMatchObject({
    ...{ format: 'EASYR1', pictures: 'INCLUDED', samples: 6, total: 6, error: null, by: 'ours WRITE' },
    ...{ contentHash: expect.stringMatching(/^[0-9a-f]{64}$/), version: { number: 1 } },
  })
  const lines: string[] = []
  let bytes = 0
  for (const { node } of made.files.edges) {
    const response = await fetch(node.url)
    expect(response.status).toBe(200)
    const body = Buffer.from(await response.arrayBuffer())
    expect(body.length).toBe(node.byteSize)
    expect(createHash('sha256').update(body).digest('hex')).toBe(node.sha256)
    expect(response.headers.get('etag')).toBe(`"${node.sha256}"`)
    lines.push(`${node.sha256}  ${node.path}\n`)
    bytes += body.length
  }
  expect(made.bytes).toBe(bytes)
  expect(createHash('sha256').update(lines.join('')).digest('hex')).toBe(made.contentHash)
})

test('all files come as one tar file, which goes on anywhere after a break', async () => {
  const made = await make({ format: 'JSONL', shardSize: 2 })
  const response = await fetch(made.url)
  expect(response.headers.get('content-disposition')).toContain('ours-v1-jsonl.tar')
  const whole = Buffer.from(await response.arrayBuffer())
  expect(whole.length).toBe(Number(response.headers.get('content-length')))
  const path = join(folder, 'all.tar')
  await writeFile(path, whole)
  await run('tar', ['-xf', path, '-C', folder])
  const { stdout } = await run('tar', ['-tf', path])
  expect(stdout.trimEnd().split('\n')).toEqual(made.files.edges.map(({ node }) => node.path))
  for (const { node } of made.files.edges) {
    const bytes = await readFile(join(folder, node.path))
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(node.sha256)
  }
  for (const from of [1, 511, 512, 1_000, 5_000, whole.length - 1_100, whole.length - 1]) {
    const rest = await fetch(made.url, { headers: { range: `bytes=${from}-` } })
    expect(rest.status).toBe(206)
    expect(Buffer.from(await rest.arrayBuffer()).equals(whole.subarray(from))).toBe(true)
  }
  const middle = await fetch(made.url, { headers: { range: 'bytes=700-2299' } })
  expect(Buffer.from(await middle.arrayBuffer()).equals(whole.subarray(700, 2_300))).toBe(true)
})

test('progress is told from where it is to the end, and then completes', async () => {
  const { data } = await server.query<{ startExport: { export: { id: string } } }>(
    start,
    { input: { versionId, format: 'WEBDATASET', shardSize: 1 } },
    writer.secret,
  )
  const id = data?.startExport.export.id
  const query = `subscription($id: ID!) { exportProgress(exportId: $id) { samples total bytes export { status } } }`
  const seen: { samples: number; export: { status: string } }[] = []
  for (let again = 0; again < 2; again++) {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${writer.secret}`,
      },
      body: JSON.stringify({ query, variables: { id } }),
    })
    const results = [...(await response.text()).matchAll(/^data: (\{.*)$/gm)].map(match => JSON.parse(match[1] ?? ''))
    seen.push(...results.map(({ data: told }) => told.exportProgress))
  }
  const counts = seen.map(({ samples }) => samples)
  expect(counts).toEqual([...counts].sort((a, b) => a - b))
  expect(seen.at(-2)).toMatchObject({ samples: 6, total: 6, export: { status: 'DONE' } })
  expect(seen.at(-1)).toEqual(seen.at(-2))
})

test("another tenant sees neither version nor export, and its links are good for nobody's changes", async () => {
  const made = await make({ format: 'CSV' })
  const refused = await server.query<{ startExport: object }>(start, { input: { versionId, format: 'CSV' } }, stranger)
  expect(refused.data?.startExport).toMatchObject({ __typename: 'NotFoundError', field: 'versionId' })
  const found = await server.query(
    `query($id: ID!) { export(id: $id) { id } exports { edges { node { id } } } node(id: $id) { id } }`,
    { id: made.id },
    stranger,
  )
  expect(found.data).toEqual({ export: null, exports: { edges: [] }, node: null })
  const stopped = await server.query(
    'mutation($id: ID!) { cancelExport(exportId: $id) { __typename } }',
    { id: made.id },
    stranger,
  )
  expect(stopped.data).toEqual({ cancelExport: { __typename: 'NotFoundError' } })
  const [first, second] = made.files.edges.map(({ node }) => new URL(node.url))
  for (const link of [
    made.url.replace(/exports\/tar\/.{8}/, 'exports/tar/00000000'),
    made.url.replace(/&e=\d+/, '&e=9999999999'),
    `${first?.origin}${second?.pathname}${first?.search}`,
    made.url.slice(0, -1),
  ]) {
    expect((await fetch(link)).status).toBe(403)
  }
  const old = exportTarUrl(server.deps.images.links, toUuid(made.id, 'Export') ?? '', Date.now() - 30 * 3_600_000)
  expect((await fetch(old)).status).toBe(410)
})

test('a key that may only read starts and cancels nothing, and reads', async () => {
  const made = await make({ format: 'CSV' })
  const { secret } = await server.createKey('ours', 'READ')
  const { errors } = await server.query(start, { input: { versionId, format: 'CSV' } }, secret)
  expect(errors?.[0]?.extensions?.code).toBe('FORBIDDEN')
  const { data } = await server.query<{ export: Made }>(read, { id: made.id }, secret)
  expect(data?.export.contentHash).toBe(made.contentHash)
})

test('what does not fit is refused with the field and the limit, and nothing is stored', async () => {
  const count = async () => (await server.db.query('select from export')).rowCount
  const before = await count()
  const ask = async (input: object) => {
    const { data } = await server.query<{ startExport: object }>(
      start,
      { input: { versionId, format: 'CSV', ...input } },
      writer.secret,
    )
    return data?.startExport
  }
  expect(await ask({ shardSize: 0 })).toMatchObject({
    code: 'INVALID_INPUT',
    field: 'shardSize',
    message: 'shardSize must be from 1 to 1000000, not 0.',
  })
  expect(await ask({ template: '{original_instruction}' })).toMatchObject({ code: 'INVALID_INPUT', field: 'template' })
  expect(await ask({ format: 'LLAMA_FACTORY_RANKING' })).toMatchObject({
    __typename: 'FormatMismatchError',
    code: 'FORMAT_MISMATCH',
  })
  expect(
    await ask({ versionId: encodeGlobalId('DatasetVersion', '00000000-0000-7000-8000-000000000000') }),
  ).toMatchObject({ field: 'versionId' })
  expect(await count()).toBe(before)
})

test('a link to an export whose dataset was deleted gives nothing any more', async () => {
  const made = await make({ format: 'CSV', shardSize: 4 })
  await server.db.query(sql`delete from export where id = ${toUuid(made.id, 'Export')}::uuid`)
  expect((await fetch(made.url)).status).toBe(404)
})

test('links to a deleted export and to its files give nothing any more', async () => {
  const made = await make({ format: 'CSV', shardSize: 5 })
  const remove = 'mutation($id: ID!) { deleteExport(exportId: $id) { __typename } }'
  const { data } = await server.query(remove, { id: made.id }, writer.secret)
  expect(data).toEqual({ deleteExport: { __typename: 'DeleteExportSuccess' } })
  for (const url of [made.url, made.files.edges[0]?.node.url ?? '']) expect((await fetch(url)).status).toBe(404)
})
