import { readdir, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type BenchHouse, labelIn, listFiles, openBenchHouse, runArguments } from './support/bench-house.ts'
import { writeImgedit } from './support/benchmark-folders.ts'

let house: BenchHouse

beforeAll(async () => {
  house = await openBenchHouse()
}, 60_000)
afterAll(() => house.close())
beforeEach(() => house.refresh())

describe('pentimento bench results', { timeout: 240_000 }, () => {
  let label: string
  const results = (...args: string[]) => house.run(['bench', 'results', 'imgedit', '--run', label, ...args])

  beforeEach(async () => {
    await writeImgedit(join(house.folder, 'imgedit'))
    label = labelIn((await house.run(runArguments(house, 'imgedit'))).stdout)
  }, 120_000)

  it('writes what is missing, and nothing else', async () => {
    const out = join(house.folder, 'out')
    const first = await results('--out', out)
    expect(first).toEqual({ code: 0, stdout: `3 items in the layout of the paper: ${out}\n`, stderr: '' })
    const files = await listFiles(out)
    const timesOf = async (key: string) => {
      const own = files.filter(file => file.includes(`gen_image/${key}`))
      return Promise.all(own.map(async file => (await stat(join(out, file))).mtimeMs))
    }
    const untouched = await timesOf('17')
    await unlink(join(out, 'turn2/gen_image/5.png'))
    await unlink(join(out, 'final/gen_image/230_meta.json'))
    await writeFile(join(out, 'final/gen_image/.230_meta.json.part'), '{"key":')
    const again = await results('--out', out)
    expect(again.stdout).toBe(`3 items in the layout of the paper (1 were there): ${out}\n`)
    expect(await listFiles(out)).toEqual(files)
    expect(await timesOf('17')).toEqual(untouched)
  })

  it('refuses a folder of other results or of anything else', async () => {
    const out = join(house.folder, 'out')
    await results('--out', out)
    const last = await results('--out', out, '--select', 'last')
    expect(last).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/holds other results: its select is best, not last/),
    })
    const other = await house.run(runArguments(house, 'imgedit', '--variant', 'other', '--out', out))
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/holds other results: its run is/) })
    const foreign = await results('--out', join(house.folder, 'imgedit'))
    expect(foreign).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not empty and holds no results/) })
    expect((await results('--out', join(house.folder, 'last'), '--select', 'last')).code).toBe(0)
  })

  it("is not there for another tenant, and a run's fingerprint is enough to name it", async () => {
    const short = await house.run([
      'bench',
      'results',
      'imgedit',
      '--run',
      label.slice(-12),
      '--out',
      join(house.folder, 'short'),
    ])
    expect(short.code).toBe(0)
    expect(await results('--out', join(house.folder, 'x'), '--run', 'bench/gedit/0123456789ab')).toMatchObject({
      ...{ code: 2, stderr: expect.stringMatching(/is no run of imgedit/) },
    })
    const first = house.folder
    await house.refresh()
    await rm(first, { recursive: true })
    expect(await results('--out', join(house.folder, 'y'))).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/There is no run/) },
    })
    expect(await readdir(house.folder)).not.toContain('y')
  })
})
