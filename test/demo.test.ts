import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { identifyProcess } from '../src/postgres/process-table.ts'
import { type ServerProcess, startProcess } from './support/server-process.ts'
import { until } from './support/until.ts'

const photo = join(import.meta.dirname, '../examples/rocket.jpg')

// A TMPDIR of its own shows what is left behind.
function startDemo(folder: string): ServerProcess {
  return startProcess('src/cli/demo.ts', { TMPDIR: folder }, ['--out', join(folder, 'out')])
}

/** The process id of the embedded Postgres below a folder; undefined before it has one. */
async function findPostgres(folder: string): Promise<number | undefined> {
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    if (!entry.endsWith('postmaster.pid')) continue
    const pid = Number((await readFile(join(folder, entry), 'utf8').catch(() => '')).split('\n')[0])
    if (pid > 0) return pid
  }
  return undefined
}

describe('npm run demo', { timeout: 180_000 }, () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pentimento-demo-test-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('edits a photo in at least two rounds that get better, and leaves nothing but the pictures', async () => {
    const demo = startDemo(folder)
    const postgres = await until('Postgres runs', () => findPostgres(folder), 60_000)
    expect(await demo.end()).toEqual({ code: 0, signal: null })
    expect(demo.stderr()).toBe('')

    const scores = [...demo.stdout().matchAll(/^Round (\d+) .* ([\d.]+) {2}semantic/gm)]
    const overalls = scores.map(([, , overall]) => Number(overall))
    expect(scores.map(([, index]) => Number(index))).toEqual(overalls.map((_, index) => index + 1))
    expect(overalls.length).toBeGreaterThanOrEqual(2)
    expect(overalls).toEqual([...new Set(overalls)].sort((one, other) => one - other))
    expect(overalls.at(-1)).toBeGreaterThanOrEqual(8)
    expect(demo.stdout()).toMatch(/Round 1 .*\n +Prompt +Make the colours much more vivid and the picture warmer\n/)
    expect(demo.stdout()).toMatch(/SUCCEEDED, SATISFIED/)

    const out = join(folder, 'out')
    const rounds = overalls.map((_, index) => `round-${index + 1}.jpg`)
    expect(await readdir(out)).toEqual(['result.jpg', ...rounds, 'source.jpg'])
    const [original, source, ...edited] = await Promise.all(
      [photo, ...['source.jpg', ...rounds, 'result.jpg'].map(name => join(out, name))].map(meanOf),
    )
    for (const [index, mean] of source?.entries() ?? []) expect(mean).toBeCloseTo(original?.[index] ?? Number.NaN, 0)
    expect(edited.at(-1)).toEqual(edited.at(-2))
    // Warmer: from the first round on more red against blue than the photo has, and more each time.
    const warmth = [source, ...edited.slice(0, -1)].map(([red = 0, , blue = 0] = []) => red - blue)
    expect(warmth).toEqual([...warmth].sort((one, other) => one - other))
    expect(warmth.at(-1)).toBeGreaterThan((warmth[0] ?? 0) + 5)

    await until('Postgres is gone', async () => (await identifyProcess(postgres)) === null)
    expect((await readdir(folder)).filter(name => name.startsWith('pentimento-demo-'))).toEqual([])
  })

  it('stopped at its start takes its Postgres and its folder along', async () => {
    const demo = startDemo(folder)
    const postgres = await until('Postgres runs', () => findPostgres(folder), 60_000)
    expect(await demo.end('SIGINT')).toEqual({ code: 130, signal: null })
    await until('Postgres is gone', async () => (await identifyProcess(postgres)) === null)
    expect((await readdir(folder)).filter(name => name.startsWith('pentimento-demo-'))).toEqual([])
  })
})

/** The mean colour of a picture that decodes to its end, at the photo's size. */
async function meanOf(path: string): Promise<number[]> {
  const picture = sharp(path, { failOn: 'warning' }).toColourspace('srgb').removeAlpha()
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true })
  expect([info.width, info.height, info.channels]).toEqual([640, 427, 3])
  const sums = [0, 0, 0]
  for (const [index, value] of data.entries()) sums[index % 3] = (sums[index % 3] ?? 0) + value
  return sums.map(sum => sum / (info.width * info.height))
}
