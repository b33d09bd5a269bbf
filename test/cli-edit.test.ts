import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { startFreezingProxy } from './support/freezing-proxy.ts'
import { parseLines, runCli, startCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until } from './support/until.ts'
import { fakeFleet } from './support/worker-setup.ts'

const photo = join(import.meta.dirname, '../examples/rocket.jpg')
const ansiStart = '\u001b'

let server: TestServer
let editor: FakeEditor
let thinker: FakeThinker
let env: Record<string, string>
let folder: string
beforeAll(async () => {
  ;[editor, thinker] = await Promise.all([startFakeEditor(), startFakeThinker()])
  server = await startTestServer({ fleet: fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }) })
  folder = await mkdtemp(join(tmpdir(), 'pentimento-cli-'))
  env = { PENTIMENTO_SERVER: server.origin }
}, 120_000)
afterAll(async () => {
  await Promise.all([editor.close(), thinker.close()])
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

async function statusOf(jobId: unknown): Promise<unknown> {
  const { data } = await server.query<{ job: { status: string } }>('query ($id: ID!) { job(id: $id) { status } }', {
    id: jobId,
  })
  return data?.job.status
}

/** A slow edit, once its editor has been called, and the id of its job. */
async function startSlowEdit(args: string[] = []) {
  editor.behaveNext({ does: 'answer', delayMs: 60_000 })
  const calls = editor.calls
  const cli = startCli(['edit', photo, 'Make the sky bluer', '--json', ...args], env)
  await cli.prints('"JobQueued"')
  await until('the editor is called', () => editor.calls > calls)
  return { cli, jobId: parseLines(cli.stdout())[0]?.id as string }
}

describe('pentimento edit', { timeout: 120_000 }, () => {
  it('keeps what the job is found by, and takes its threshold and seed', async () => {
    const about = [
      '--batch',
      'photos',
      '--tag',
      'sky',
      '--tag',
      'blue',
      '--metadata',
      'task=tone',
      '--metadata',
      'level=3',
    ]
    const args = ['edit', photo, 'Make the sky bluer', ...about, '--threshold', '4.5', '--seed', '7', '--json']
    const { code, stdout } = await runCli(args, env)
    expect(code).toBe(0)
    const { data } = await server.query<{ job: object }>(
      `query ($id: ID!) { job(id: $id) {
        batch tags metadata stopReason settings { seed stop { semanticAtLeast qualityAtLeast } } rounds { seed }
      } }`,
      { id: parseLines(stdout)[0]?.id },
    )
    expect(data?.job).toEqual({
      ...{ batch: 'photos', tags: ['sky', 'blue'], metadata: { task: 'tone', level: 3 }, stopReason: 'SATISFIED' },
      ...{ settings: { seed: 7, stop: { semanticAtLeast: 4.5, qualityAtLeast: 4.5 } }, rounds: [{ seed: 7 }] },
    })
    const refused = await runCli(['edit', photo, 'Bluer', '--metadata', 'task', '--threshold', '11'], env)
    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('such as task=style') })
  })

  it('tells each round with its score and prompt, without colours in a pipe, and saves every picture', async () => {
    const out = join(folder, 'pictures')
    const args = ['edit', photo, 'Make the sky bluer', '--rounds', '2', '--candidates', '2', '--out', out]
    const { code, stdout, stderr } = await runCli(args, env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain(ansiStart)
    expect(stdout).toMatch(
      /Round 1, candidate 0 .* 5\.48 {2}semantic 5\.00, quality 6\.00\n +Prompt +Make the sky bluer\n/,
    )
    expect(stdout).toMatch(/Round 2, candidate 1 .*\n +Prompt +Make the sky clearly bluer/)
    expect(stdout).toMatch(/SUCCEEDED, MAX_ROUNDS: 4 edits/)
    const rounds = [1, 2].flatMap(index => [0, 1].map(candidate => `round-${index}-candidate-${candidate}.png`))
    expect(await readdir(out)).toEqual(['result.png', ...rounds, 'source.jpg'])
    expect(await sharp(join(out, 'source.jpg')).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 427 })
    expect(await sharp(join(out, 'result.png')).metadata()).toMatchObject({ format: 'png', width: 16, height: 16 })
    expect(stdout).toContain(join(out, 'result.png'))
  })

  it('saves the result alone in the encoding of a file name', async () => {
    const out = join(folder, 'result.webp')
    const { code } = await runCli(['edit', photo, 'Make it bluer', '--rounds', '1', '--out', out], env)
    expect(code).toBe(0)
    expect(await sharp(out).metadata()).toMatchObject({ format: 'webp', width: 16, height: 16 })
  })

  it('prints the job, each event and the job as it ended, one JSON value a line', async () => {
    const { code, stdout, stderr } = await runCli(['edit', photo, 'Bluer', '--rounds', '1', '--json'], env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = parseLines(stdout)
    expect(lines.map(line => line.__typename)).toEqual([
      ...['Job', 'JobQueued', 'JobStarted', 'RoundStarted', 'RoundEdited', 'RoundCritiqued', 'JobFinished', 'Job'],
    ])
    expect(lines.slice(1, -1).map(line => line.seq)).toEqual([1, 2, 3, 4, 5, 6])
    expect(lines.at(-1)).toMatchObject({ id: lines[0]?.id, status: 'SUCCEEDED', rounds: [{ prompt: 'Bluer' }] })
  })

  it('ends with 1 and says why when the job fails', async () => {
    editor.behaveNext({ does: 'refuse', status: 400, body: '{"error":{"message":"secret detail"}}' })
    const { code, stdout } = await runCli(['edit', photo, 'Make it bluer'], env)
    expect(code).toBe(1)
    expect(stdout).toMatch(/FAILED: 0 edits: \S.*\./)
    expect(stdout).not.toContain('secret detail')
  })

  it('at Ctrl-C says that the job goes on, and leaves it alone', async () => {
    const { cli, jobId } = await startSlowEdit()
    cli.child.kill('SIGINT')
    const { code, stderr } = await cli.end()
    expect(code).toBe(130)
    expect(stderr).toContain(`pentimento watch ${jobId}`)
    expect(stderr).toContain(`pentimento cancel ${jobId}`)
    expect(await statusOf(jobId)).toBe('RUNNING')
    const canceled = await runCli(['cancel', jobId], env)
    expect(canceled).toMatchObject({ code: 0, stdout: expect.stringMatching(/cancel/) })
    await until('it is canceled', async () => (await statusOf(jobId)) === 'CANCELED')
  })

  it('at a second Ctrl-C cancels the job and shows its end', async () => {
    const { cli, jobId } = await startSlowEdit()
    cli.child.kill('SIGINT')
    await until('it is told', () => cli.stderr().includes('Ctrl-C again'))
    cli.child.kill('SIGINT')
    const { code, stdout } = await cli.end()
    expect(code).toBe(1)
    expect(parseLines(stdout).at(-1)).toMatchObject({ status: 'CANCELED' })
    expect(await statusOf(jobId)).toBe('CANCELED')
  })

  it('with --detach prints the id alone, for watch to take up', async () => {
    const { code, stdout } = await runCli(['edit', photo, 'Bluer', '--rounds', '2', '--detach'], env)
    expect(code).toBe(0)
    const jobId = stdout.trim()
    const watched = await runCli(['watch', jobId], env)
    expect(watched).toMatchObject({ code: 0, stderr: '' })
    expect(watched.stdout).toMatch(/Instruction +Bluer\n\nRound 1 (.|\n)*\n\nRound 2 (.|\n)*SUCCEEDED, MAX_ROUNDS/)
  })
})

describe('pentimento watch', { timeout: 120_000 }, () => {
  it('goes on after its last event when the connection is cut', async () => {
    const proxy = await startFreezingProxy(server.origin)
    const { cli: edit, jobId } = await startSlowEdit(['--rounds', '1'])
    const watch = startCli(['watch', jobId, '--json'], { PENTIMENTO_SERVER: proxy.origin })
    await watch.prints('"RoundStarted"')
    proxy.cut()
    await runCli(['cancel', jobId], env)
    const { code, stdout } = await watch.end()
    expect(code).toBe(1)
    const events = parseLines(stdout).slice(0, -1)
    expect(events.map(event => event.seq)).toEqual(events.map((_, index) => index + 1))
    expect(events.at(-1)).toMatchObject({ __typename: 'JobFinished', status: 'CANCELED' })
    await edit.end()
    await proxy.close()
  })
})
