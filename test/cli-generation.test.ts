import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FleetModel } from '../workers/fleet/fleet.ts'
import { type FakeImagesServer, startFakeImagesServer } from './support/fake-images-server.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noisePng } from './support/pictures.ts'
import { parseLines, runCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { fakeFleet } from './support/worker-setup.ts'

let server: TestServer
let images: FakeImagesServer
let thinker: FakeThinker
let env: Record<string, string>
let folder: string
beforeAll(async () => {
  ;[images, thinker] = await Promise.all([startFakeImagesServer({ profile: 'vllm-omni' }), startFakeThinker()])
  const fleet = fakeFleet({ editors: [images.url], thinkers: [thinker.url] })
  const models = fleet.models.map((model): FleetModel => {
    if (model.settings.engine !== 'openai-images') return model
    const settings = { ...model.settings, profile: 'vllm-omni' as const }
    return { ...model, kinds: ['GENERATOR', 'FILLER'], settings, restoresSize: true }
  })
  server = await startTestServer({ fleet: { models } })
  folder = await mkdtemp(join(tmpdir(), 'pentimento-cli-'))
  env = { PENTIMENTO_SERVER: server.origin }
}, 120_000)
afterAll(async () => {
  await Promise.all([images.close(), thinker.close()])
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

async function writePicture(name: string, bytes: Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

describe('pentimento generate', { timeout: 120_000 }, () => {
  it('makes pictures of the size from words alone, tells each round and saves them', async () => {
    const out = join(folder, 'generated')
    const args = ['generate', 'A red fox', '--size', '128x64', '--rounds', '2', '--out', out]
    const { code, stdout, stderr } = await runCli(args, env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/Round 1 (.|\n)*Prompt +A red fox\n(.|\n)*Round 2 /)
    expect(stdout).toMatch(/SUCCEEDED, MAX_ROUNDS: 2 pictures/)
    expect(await readdir(out)).toEqual(['result.png', 'round-1.png', 'round-2.png'])
    expect(images.requests.map(({ path }) => path)).toEqual(Array(2).fill('/images/generations'))
    expect(images.requests[0]?.fields).toMatchObject({ prompt: 'A red fox', size: '128x64' })
  })

  it('makes one picture without a critique', async () => {
    const chats = thinker.calls
    const { code, stdout } = await runCli(['generate', 'A red fox', '--no-critique', '--json'], env)
    expect(code).toBe(0)
    expect(parseLines(stdout).at(-1)).toMatchObject({ kind: 'GENERATE', thinker: null, rounds: [{ critique: null }] })
    expect(thinker.calls).toBe(chats)
  })

  it.each([
    [['--size', '100'], 2, /'--size <WxH>' argument '100' .* such as 1024x768/],
    [['--size', '100x100'], 1, /^size\.width must be from 64 to 4096 in steps of 16, not 100\.\n$/],
  ])('refuses %j', async (args, code, message) => {
    const refused = { code, stdout: '', stderr: expect.stringMatching(message) }
    expect(await runCli(['generate', 'A red fox', ...args], env)).toEqual(refused)
  })
})

describe('pentimento fill', { timeout: 120_000 }, () => {
  it('uploads the picture, its mask and references, and saves what was filled', async () => {
    const before = images.requests.length
    const out = join(folder, 'filled')
    const picture = await writePicture('boat.png', await noisePng(64, 48))
    const mask = await writePicture('mask.png', await noisePng(64, 48))
    const reference = await writePicture('a, b.png', await noisePng(16, 16))
    const args = ['fill', picture, mask, 'A red boat', '--rounds', '1', '--reference', reference, '--out', out]
    const { code, stdout, stderr } = await runCli(args, env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/SUCCEEDED, MAX_ROUNDS: 1 fill,/)
    expect(await readdir(out)).toEqual(['mask.png', 'result.png', 'round-1.png', 'source.png'])
    expect(await sharp(join(out, 'result.png')).metadata()).toMatchObject({ width: 64, height: 48 })
    const [request] = images.requests.slice(before)
    expect(request?.path).toBe('/images/edits')
    expect(request?.files).toHaveLength(3)
  })

  it('tells of a mask of another size in the words of the API', async () => {
    const picture = await writePicture('boat.png', await noisePng(64, 48))
    const mask = await writePicture('mask.png', await noisePng(48, 64))
    expect(await runCli(['fill', picture, mask, 'A red boat'], env)).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: 'maskId must be as large as the source, 64 x 48 pixels, not 48 x 64.\n',
    })
  })
})
