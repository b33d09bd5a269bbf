import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeGlobalId } from '../schema/global-id.ts'
import { collect, parseMoment, parseServer, parseWholeNumber } from '../src/cli/session.ts'
import { loadClientConfig } from '../src/config.ts'
import { type CliResult, parseLines, runCli } from './support/run-cli.ts'
import { adminKey, startTestServer, type TestServer } from './support/server.ts'

const photo = join(import.meta.dirname, '../examples/rocket.jpg')

describe('a command line that cannot be meant', { timeout: 60_000 }, () => {
  it.each([
    [['frob'], /unknown command 'frob'/],
    [['edit', photo], /missing required argument 'instruction'/],
    [['edit', photo, 'Bluer', '--rounds', '0'], /'--rounds <n>' argument '0' .* whole number from 1 to 20/],
    [['edit', photo, 'Bluer', '--out', 'result.gif'], /result\.gif is neither a folder nor/],
    [['trajectories', '--filter', '[1]'], /'--filter <json>' argument '\[1\]' .* must be a JSON object/],
    [['jobs', '--server', 'nowhere'], /--server nowhere is not usable\. It must be a URL such as/],
  ])('%j ends with 2 and names what is wrong', async (args, message) => {
    expect(await runCli(args)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(message) })
  })

  it('includes an unusable PENTIMENTO_SERVER', async () => {
    const { code, stderr } = await runCli(['jobs'], { PENTIMENTO_SERVER: 'nowhere' })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/PENTIMENTO_SERVER: must be a URL/) })
  })
})

describe('the options', () => {
  it.each([
    ['a server', () => parseServer('localhost:4000'), /must be a URL such as/],
    ['a number', () => parseWholeNumber(1, 20)('2.5'), /whole number from 1 to 20/],
    ['a moment', () => parseMoment('yesterday'), /must be a date such as/],
  ])('refuse what is not %s', (_, parse, message) => {
    expect(parse).toThrow(message)
  })

  it('take a server with a path, moments in any offset and lists with commas', () => {
    expect(parseServer('https://images.example.org/pentimento/')).toBe('https://images.example.org/pentimento')
    expect(parseMoment('2026-11-24T08:00+01:00')).toBe('2026-11-24T07:00:00.000Z')
    expect(collect('b,c', ['a'])).toEqual(['a', 'b', 'c'])
  })
})

describe('the environment', () => {
  it('says where the server is, with which key, and whether colours are unwanted', () => {
    expect(loadClientConfig({})).toEqual({ server: 'http://127.0.0.1:4000', key: null, isPlain: false })
    const env = { PENTIMENTO_SERVER: 'https://images.example.org/', PENTIMENTO_KEY: 'k', NO_COLOR: '1' }
    expect(loadClientConfig(env)).toEqual({ server: 'https://images.example.org', key: 'k', isPlain: true })
  })
})

describe('without a server', { timeout: 60_000 }, () => {
  it('the sentence names npm start and --server', async () => {
    const { code, stderr } = await runCli(['edit', photo, 'Bluer'], { PENTIMENTO_SERVER: 'http://127.0.0.1:1' })
    expect(code).toBe(1)
    expect(stderr).toMatch(/^No server answers at http:\/\/127\.0\.0\.1:1\. .*"npm start".*--server.*\n$/)
  })

  it('the failure is JSON where JSON is asked for', async () => {
    const { code, stdout, stderr } = await runCli(['jobs', '--json'], { PENTIMENTO_SERVER: 'http://127.0.0.1:1' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(parseLines(stderr)).toEqual([{ error: { code: 'UNREACHABLE', message: expect.any(String) } }])
  })
})

describe('with a server', { timeout: 120_000 }, () => {
  let server: TestServer
  let jobIds: string[]
  beforeAll(async () => {
    server = await startTestServer({ auth: 'keys' })
    const edits = ['Make it bluer', 'Make it redder', 'Make it greener']
    jobIds = []
    for (const [index, text] of edits.entries()) {
      const models = ['--editor', 'builtin-retouch', '--thinker', 'builtin-critic'] // known, though nobody serves them here
      const { stdout, stderr } = await run(['edit', photo, text, '--detach', '--rounds', String(index + 1), ...models])
      expect(stderr).toBe('')
      jobIds.unshift(stdout.trim())
    }
    await run(['cancel', jobIds[0] ?? ''])
  }, 180_000)
  afterAll(() => server.close())

  function run(args: string[], key = adminKey): Promise<CliResult> {
    return runCli(args, { PENTIMENTO_SERVER: `${server.origin}/graphql`, PENTIMENTO_KEY: key })
  }

  it('jobs lists them newest first, a page at a time', async () => {
    const first = await run(['jobs', '--first', '2'])
    expect(first.stdout).toMatch(/Make it greener\n(.|\n)*Make it redder\n/)
    const [, cursor = ''] = /--after (\S+)/.exec(first.stdout) ?? []
    const second = await run(['jobs', '--first', '2', '--after', cursor])
    expect(second.stdout).toMatch(/^\S+ {2}QUEUED .*\n {2}Make it bluer\n$/)
    const all = parseLines((await run(['jobs', '--all', '--json'])).stdout)
    expect(all.map(job => job.id)).toEqual(jobIds)
  })

  it('jobs filters', async () => {
    const list = async (...args: string[]) => parseLines((await run(['jobs', '--json', ...args])).stdout).length
    expect(await list('--status', 'canceled')).toBe(1)
    expect(await list('--status', 'queued,running')).toBe(2)
    expect(await list('--editor', 'builtin-retouch')).toBe(3)
    expect(await list('--since', new Date(Date.now() + 60_000).toISOString())).toBe(0)
    expect((await run(['jobs', '--tag', 'none'])).stdout).toBe('There are no such jobs.\n')
  })

  it('trajectories lists finished jobs by what was asked', async () => {
    const list = async (...args: string[]) => (await run(['trajectories', ...args])).stdout
    expect(await list()).toMatch(/^JOB .*STOPPED .*INSTRUCTION\n\S+ +CANCELED +0 .* Make it greener\n$/)
    const [line] = parseLines(await list('--json', '--filter', '{"instruction":"greener"}', '--order', 'rounds'))
    expect(line).toMatchObject({ __typename: 'Trajectory', status: 'CANCELED', rounds: 0, gain: null })
    expect(line?.job).toMatchObject({ id: jobIds[0], instruction: 'Make it greener' })
    expect(await list('--order', 'gain', '--ascending')).toBe('There are no such trajectories.\n')
    expect(await run(['trajectories', '--as-of', 'elsewhere'])).toMatchObject({
      ...{ code: 1, stdout: '', stderr: expect.stringMatching(/^asOf /) },
    })
    const { code, stderr } = await run(['trajectories', '--filter', '{"rounds":{"gte":0.5}}'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'filter.rounds.gte must be a whole number, not 0.5.\n' })
  })

  it('show tells one job', async () => {
    const { stdout } = await run(['show', jobIds[1] ?? ''])
    expect(stdout).toMatch(/Instruction +Make it redder\n +Status +QUEUED, number \d+ in the queue\n/)
    expect(stdout).toMatch(/Limits +2 rounds\n/)
    expect(stdout).toMatch(/Source +640 x 427, image\/jpeg\n +http:\S+\n/)
    const [json] = parseLines((await run(['show', '--json', jobIds[1] ?? ''])).stdout)
    expect(json).toMatchObject({ __typename: 'Job', instruction: 'Make it redder', settings: { maxRounds: 2 } })
  })

  it.each(['show', 'watch', 'cancel'])('%s of a job that is not there ends with 1', async command => {
    const { code, stderr } = await run([command, encodeGlobalId('Job', '018f0000-0000-7000-8000-000000000000')])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^There is no (such )?job.*\n$/) })
  })

  it('cancel of a canceled job changes nothing', async () => {
    expect(await run(['cancel', jobIds[0] ?? ''])).toEqual({ code: 0, stdout: 'The job is canceled.\n', stderr: '' })
  })

  it('a file that is no picture is refused in the words of the API', async () => {
    const { code, stderr } = await run(['edit', import.meta.filename, 'Bluer'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/PNG, JPEG/) })
    expect(await run(['edit', 'nowhere.png', 'Bluer'])).toMatchObject({
      code: 1,
      stderr: 'There is no file nowhere.png.\n',
    })
  })

  it('keys are made, listed and revoked', async () => {
    const made = await run(['keys', 'create', 'a reader', '--role', 'READ', '--expires', '2099-01-01'])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^pnt_\S+\n$/) })
    const secret = made.stdout.trim()
    expect((await run(['jobs'], secret)).code).toBe(0)
    const refused = await run(['keys', 'list'], secret)
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/READ/) })

    const [key] = parseLines((await run(['keys', 'list', '--json'])).stdout)
    expect(key).toMatchObject({
      name: 'a reader',
      role: 'READ',
      expiresAt: '2099-01-01T00:00:00.000Z',
      revokedAt: null,
    })
    expect(JSON.stringify(key)).not.toContain(secret)
    const revoked = await run(['keys', 'revoke', String(key?.id)])
    expect(revoked).toMatchObject({ code: 0, stdout: 'The key "a reader" opens nothing any more.\n' })
    expect(await run(['jobs'], secret)).toMatchObject({ code: 1, stderr: expect.stringMatching(/revoked or expired/) })
    expect((await run(['keys', 'list'])).stdout).toMatch(/READ +a reader \(revoked\)\n/)
  })

  it('asks for a key where none is given', async () => {
    const { code, stderr } = await runCli(['jobs', '--server', server.origin])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/--key or PENTIMENTO_KEY/) })
  })
})
