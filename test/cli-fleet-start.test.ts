import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseLines, type RunningCli, runCli, startCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until } from './support/until.ts'

const model = 'qwen-image-edit'
const script = join(import.meta.dirname, 'support/stand-in-editor-process.ts')
const photo = join(import.meta.dirname, '../examples/rocket.jpg')

let server: TestServer
let folder: string
let sourceId: string
let running: RunningCli | undefined
/** What the stand-ins noted, a line each without the port. */
async function readNotes(): Promise<string[]> {
  const text = await readFile(join(folder, 'notes'), 'utf8').catch(() => '')
  return text.split('\n').filter(Boolean)
}

function start(args: string[], { editMs = 50 } = {}): RunningCli {
  const standIn = `exec ${process.execPath} --import tsx ${script} {port} ${join(folder, 'notes')} --edit-ms ${editMs}`
  const { config } = server.deps
  running = startCli(['fleet', 'start', model, '--command', standIn, '--host', '127.0.0.1', ...args], {
    ...{ DATABASE_URL: server.databaseUrl, DATA_DIR: config.dataDir, LOG_LEVEL: 'warn' },
  })
  return running
}

/** An uploaded picture, by a job that is canceled before any worker could see it; its global id. */
async function upload(): Promise<string> {
  const args = ['edit', photo, 'never', '--detach', '--editor', model, '--thinker', 'builtin-critic']
  const id = (await runCli(args, { PENTIMENTO_SERVER: server.origin })).stdout.trim()
  const document = 'mutation ($id: ID!) { cancelJob(jobId: $id) { ... on CancelJobSuccess { job { source { id } } } } }'
  const { data } = await server.query<{ cancelJob: { job: { source: { id: string } } } }>(document, { id })
  return data?.cancelJob.job.source.id ?? ''
}

async function submit(count: number): Promise<string[]> {
  const ids: string[] = []
  for (let number = 1; number <= count; number++) {
    const input = {
      sourceId,
      instruction: `edit ${number}`,
      editor: model,
      settings: { critique: false },
    }
    const started = await server.query<{ startEdit: { job?: { id: string } } }>(
      'mutation ($input: StartEditInput!) { startEdit(input: $input) { ... on StartEditSuccess { job { id } } ... on Error { message } } }',
      { input },
    )
    ids.push(started.data?.startEdit.job?.id ?? JSON.stringify(started))
  }
  return ids
}

type Job = { status: string; rounds: { index: number; image: object | null }[] }

async function loadJobs(ids: string[]): Promise<Job[]> {
  const loaded = await Promise.all(
    ids.map(id =>
      server.query<{ job: Job }>('query ($id: ID!) { job(id: $id) { status rounds { index image { id } } } }', { id }),
    ),
  )
  return loaded.map(({ data }) => data?.job ?? { status: 'MISSING', rounds: [] })
}

const haveSucceeded = async (ids: string[]) => (await loadJobs(ids)).every(({ status }) => status === 'SUCCEEDED')

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => probe.once('listening', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise(resolve => probe.close(resolve))
  return port
}

const endpoints = async () => {
  const document = '{ endpoints { url health worker { id } model { id } } }'
  const { data } = await server.query<{ endpoints: { url: string; worker: object | null }[] }>(document)
  return data?.endpoints ?? []
}

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

describe('pentimento fleet start', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    server = await startTestServer()
    folder = await mkdtemp(join(tmpdir(), 'pentimento-start-'))
    sourceId = await upload()
  })
  afterEach(async () => {
    running?.child.kill('SIGKILL')
    running = undefined
    await server.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('starts a server for each GPU, awaits their health, takes tasks, and starts again what dies', async () => {
    const port = await freePort()
    const cli = start(['--gpus', '0,1', '--port', String(port), '--', '--note'])
    await cli.prints('its worker takes tasks')
    expect((await readNotes()).map(line => line.replace(/ start \d+/, '')).sort()).toEqual([
      `${port} --edit-ms 50 --note GPU 0`,
      `${port + 1} --edit-ms 50 --note GPU 1`,
    ])
    const urls = [`http://127.0.0.1:${port}/v1`, `http://127.0.0.1:${port + 1}/v1`]
    await until('both are driven', async () => (await endpoints()).every(endpoint => endpoint.worker), 20_000)
    expect((await endpoints()).map(({ url }) => url).sort()).toEqual(urls)

    const jobs = await submit(4)
    await until('the jobs succeed', () => haveSucceeded(jobs), 30_000)
    const status = await runCli(['fleet', 'status'], { PENTIMENTO_SERVER: server.origin })
    expect(status.stdout).toMatch(/^WORKER +HOST +STATE .*\nw1 .* working /)
    for (const url of urls) expect(status.stdout).toMatch(new RegExp(`\n${model} +${url} +(healthy|not known) .* w1\n`))
    const lines = parseLines((await runCli(['fleet', 'status', '--json'], { PENTIMENTO_SERVER: server.origin })).stdout)
    expect(lines.map(line => line.__typename)).toEqual(['Endpoint', 'Endpoint', 'Worker'])

    const [first = ''] = await readNotes()
    process.kill(Number(/start (\d+)/.exec(first)?.[1]), 'SIGKILL')
    await until(
      'it is started again',
      async () => (await readNotes()).filter(line => line.includes('start')).length === 3,
    )
    await cli.prints('is started again at once')
    const later = await submit(4)
    await until('jobs succeed on', () => haveSucceeded(later), 60_000)

    cli.child.kill('SIGTERM')
    const { code, stdout } = await cli.end()
    expect(code).toBe(0)
    expect(stdout).toContain('Draining')
    expect(await endpoints()).toEqual([
      expect.objectContaining({ worker: null }),
      expect.objectContaining({ worker: null }),
    ])
  })

  it('gives running calls back before it ends the servers, and another start ends the rounds: none lost, none double', async () => {
    const port = await freePort()
    const cli = start(['--port', String(port)], { editMs: 60_000 })
    await cli.prints('its worker takes tasks')
    const jobs = await submit(2)
    await until('an edit runs', async () => (await readNotes()).some(line => line.startsWith(`${port} edit `)))
    cli.child.kill('SIGTERM')
    expect((await cli.end()).code).toBe(0)
    expect((await readNotes()).at(-1)).toBe(`${port} end`)
    expect((await loadJobs(jobs)).map(({ status }) => status).sort()).toEqual(['QUEUED', 'RUNNING'])

    const next = start(['--port', String(port)])
    await next.prints('its worker takes tasks')
    await until('the jobs succeed', () => haveSucceeded(jobs), 60_000)
    for (const { rounds } of await loadJobs(jobs)) {
      expect(rounds).toEqual([{ index: 1, image: { id: expect.any(String) } }])
    }
  })

  it('ends its servers even when it is killed itself', async () => {
    const port = await freePort()
    const cli = start(['--port', String(port)])
    await cli.prints('is healthy after')
    const [first = ''] = await readNotes()
    const pid = Number(/start (\d+)/.exec(first)?.[1])
    cli.child.kill('SIGKILL')
    await cli.end()
    await until('the server is gone', () => isGone(pid), 20_000)
  })

  it('says what is wrong when a server cannot start, with the end of its output', async () => {
    const failing = ['fleet', 'start', model, '--command', 'echo no such GPU >&2; exit 127; true']
    const env = { DATABASE_URL: server.databaseUrl, DATA_DIR: folder, LOG_LEVEL: 'warn' }
    const { code, stderr } = await runCli([...failing, '--port', String(await freePort())], env)
    expect(code).toBe(1)
    expect(stderr).toMatch(/qwen-image-edit, port \d+ cannot be started: its program was not found\.(.|\n)*no such GPU/)
  })
})

describe('a start that cannot be meant', { timeout: 60_000 }, () => {
  it.each([
    [['no-such-model'], /The catalogue has no model "no-such-model"\. It can start qwen-image-edit,/],
    [['gpt-4.1'], /It is not served on a host of yours: list it in a fleet file as \{"model":"gpt-4\.1"/],
    [
      ['flux-kontext-dev', '--server', 'vllm'],
      /knows how to serve flux-kontext-dev with vllm-omni or paper, not with vllm/,
    ],
    [['flux-kontext-dev', '--server', 'paper', '--port', '9000'], /is written in its script: it is 8005/],
    [['flux-kontext-dev', '--server', 'nginx'], /--server must be one of vllm-omni, sglang, vllm, paper here/],
    [['qwen3-vl-235b', '--gpus', '0,1,2'], /takes 8 GPUs a server, so 3 make no whole servers/],
  ])('is refused with a way out: %j', async (args, message) => {
    const { code, stdout, stderr } = await runCli(['fleet', 'start', ...args])
    expect({ code, stdout }).toEqual({ code: args.includes('nginx') ? 2 : 1, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
