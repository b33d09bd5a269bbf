import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { parseLines, runCli } from './support/run-cli.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pentimento-check-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function check(content: unknown, args: string[] = []) {
  const path = join(folder, 'fleet.yaml')
  await writeFile(path, typeof content === 'string' ? content : stringify(content))
  const { code, stdout, stderr } = await runCli(['fleet', 'check', path, ...args])
  expect(stderr).toBe('')
  return { code, stdout: stdout.replaceAll(`${folder}/`, '') }
}

const sixMistakes = `editors:
  - { model: flux, engine: openai-images, urls: [gpu-1:8000] }
  - { model: qwen, engine: openai-images, url: http://gpu-2:8000/v1, capacity: none }
  - { model: longcat, engine: openai-image, url: http://gpu-3:8000/v1 }
  - { model: omni, engine: openai-images, url: http://gpu-4:8000/v1, keyEnv: NO_SUCH_KEY }
thinkers:
  - { model: t, engine: openai-chat, style: tagged, url: http://gpu-9:8000/v1, critiqueTemplate: missing.txt }
  - { model: u, engine: openai-chat, style: json, url: http://gpu-9:8000/v1, capasity: 3 }
`

describe('pentimento fleet check', { timeout: 60_000 }, () => {
  it('names each of six different mistakes of a file with its line and asks no server', async () => {
    const { code, stdout } = await check(sixMistakes)
    expect(code).toBe(1)
    const lines = stdout.split('\n').filter(line => line.startsWith('✖'))
    expect(lines.map(line => line.replace(/^✖ (\S+) (\S+) .*/, '$1 $2'))).toEqual([
      'fleet.yaml:2: editors.0.urls.0',
      'fleet.yaml:3: editors.1.capacity',
      'fleet.yaml:4: editors.2.engine',
      'fleet.yaml:5: editors.3.keyEnv',
      'fleet.yaml:7: thinkers.0.critiqueTemplate',
      'fleet.yaml:8: thinkers.1.capasity',
    ])
    expect(stdout).toContain('The fleet file has 6 mistakes; no server was asked.')
  })

  it('gives the same as JSON lines', async () => {
    const { code, stdout } = await check(sixMistakes, ['--json'])
    expect(code).toBe(1)
    expect(parseLines(stdout)).toHaveLength(6)
    expect(parseLines(stdout)[0]).toEqual({
      __typename: 'FleetFileProblem',
      line: 2,
      message: 'editors.0.urls.0 must be a URL that begins with http:// or https://',
    })
  })

  describe('on servers', () => {
    let editor: FakeEditor
    let thinker: FakeThinker
    const away = 'http://127.0.0.1:1/v1'
    beforeAll(async () => {
      editor = await startFakeEditor({ sizePx: 64 })
      thinker = await startFakeThinker()
    })
    afterAll(() => Promise.all([editor.close(), thinker.close()]))

    const fleet = (editors: string[]) => ({
      editors: [
        { model: 'flux-kontext-dev', engine: 'openai-images', profile: 'vllm-omni', urls: editors },
        { model: 'builtin-retouch', engine: 'builtin' },
      ],
      thinkers: [{ model: 'editthinker-8b', engine: 'openai-chat', style: 'json', url: thinker.url }],
    })

    it('prints what it found and ends with 0 when all is well', async () => {
      const { code, stdout } = await check(fleet([editor.url]))
      expect(stdout).toMatch(/^MODEL +URL +REACHABLE +SERVES +LATENCY\n/)
      expect(stdout).toMatch(new RegExp(`\nflux-kontext-dev +${editor.url} +yes +- +\\d+ ms\n`))
      expect(stdout).toMatch(/\nbuiltin-retouch +in the worker +yes/)
      expect(stdout).toContain('✔ 3 of 3 endpoints are in order.')
      expect(code).toBe(0)
      expect(editor.calls + thinker.calls).toBe(0)
    })

    it('says which server does not answer, in whole lines where the output is no terminal, and ends with 1', async () => {
      const { code, stdout } = await check(fleet([editor.url, away]))
      expect(stdout).toMatch(new RegExp(`\nflux-kontext-dev +${away} +no +- +-\n`))
      expect(stdout).toMatch(new RegExp(`✖ flux-kontext-dev at ${away}: \\S.*\\.\n`))
      expect(stdout).toContain('✖ 3 of 4 endpoints are in order.')
      expect(code).toBe(1)
    })

    it('with --deep asks for one edit and one critique of 64 x 64 px, as a job would', async () => {
      const { code, stdout } = await check(fleet([editor.url]), ['--deep', '--json'])
      expect(code).toBe(0)
      const checks = parseLines(stdout)
      expect(checks.map(({ model, problem }) => [model, problem])).toEqual([
        ['flux-kontext-dev', null],
        ['builtin-retouch', null],
        ['editthinker-8b', null],
      ])
      for (const { callSeconds } of checks) expect(callSeconds).toBeGreaterThan(0)
      expect(editor.edits[0]?.fields).toMatchObject({ num_inference_steps: '28', guidance_scale: '2.5' })
      expect(thinker.chats).toHaveLength(1)
    })

    it('with --deep tells of a server that answers nonsense', async () => {
      editor.behaveNext({ does: 'nonsense' })
      const { code, stdout } = await check(fleet([editor.url]), ['--deep'])
      expect(stdout).toMatch(new RegExp(`✖ flux-kontext-dev at ${editor.url}: .*\\.\n`))
      expect(code).toBe(1)
    })
  })
})
