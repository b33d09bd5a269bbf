import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type BenchHouse,
  engineOptions,
  labelIn,
  listFiles,
  openBenchHouse,
  readJson,
  runArguments,
} from './support/bench-house.ts'
import { geditRow, writeGedit, writeImgedit, writeKris, writeRise } from './support/benchmark-folders.ts'
import { checkSample } from './support/check-sample.ts'
import { parseLines, startCli } from './support/run-cli.ts'
import { until } from './support/until.ts'

let house: BenchHouse

beforeAll(async () => {
  house = await openBenchHouse()
}, 60_000)
afterAll(() => house.close())
beforeEach(() => house.refresh())

async function writeFolders(): Promise<void> {
  const rows = [
    await geditRow('a1', { instruction: 'Make it brighter.' }),
    await geditRow('a2', { task_type: 'style_change', instruction: 'Make it black and white.' }),
  ]
  await writeGedit(join(house.folder, 'gedit'), [rows, [await geditRow('a1', { instruction_language: 'cn' })]])
  await writeImgedit(join(house.folder, 'imgedit'))
  await writeKris(join(house.folder, 'kris'))
  await writeRise(join(house.folder, 'rise'))
}

/** The samples that the folders have, as `<folder>/<key>` below turnN and final. */
const samples: Record<string, string[]> = {
  gedit: ['fullset/color_alter/cn/a1', 'fullset/color_alter/en/a1', 'fullset/style_change/en/a2'],
  imgedit: ['gen_image/17', 'gen_image/230', 'gen_image/5'],
  kris: ['color_change/1', 'physics/1', 'temporal_prediction/7', 'viewpoint_change/1'],
  rise: [
    ...['causal_reasoning/causal_reasoning_1', 'logical_reasoning/logical_reasoning_1'],
    ...['logical_reasoning/logical_reasoning_2', 'spatial_reasoning/spatial_reasoning_1'],
    'temporal_reasoning/temporal_reasoning_1',
  ],
}

describe('pentimento bench run', { timeout: 240_000 }, () => {
  it('runs all four benchmarks side by side, each to a folder in the layout of the paper without holes', async () => {
    await writeFolders()
    const more: Record<string, string[]> = { gedit: ['--language', 'all'], kris: ['--first-picture'] }
    const names = Object.keys(samples)
    const ends = await Promise.all(
      names.map(name =>
        house.run(runArguments(house, name, '--out', join(house.folder, `out-${name}`), ...(more[name] ?? []))),
      ),
    )
    for (const [i, name] of names.entries()) {
      const out = join(house.folder, `out-${name}`)
      const { code, stdout, stderr } = ends[i] ?? {}
      expect({ name, code, stderr }).toEqual({ name, code: 0, stderr: '' })
      const label = labelIn(stdout ?? '')
      expect(label).toMatch(new RegExp(`^bench/${name}/[0-9a-f]{12}$`))
      expect(stdout).toContain(`${samples[name]?.length} items in the layout of the paper: ${out}`)
      const turns = ['turn1', 'turn2', 'turn3']
      const endings = ['', '_SRCIMG', '_turn1', '_turn2', '_turn3'].map(ending => `${ending}.png`)
      const expected = (samples[name] ?? []).flatMap(sample => [
        ...turns.flatMap(turn => [`${turn}/${sample}.png`, `${turn}/${sample}_SRCIMG.png`]),
        ...[...endings, '_meta.json'].map(ending => `final/${sample}${ending}`),
      ])
      expect(await listFiles(out)).toEqual([...expected, 'final/processing_summary.json', 'pentimento.json'].sort())
      const pictures = (await listFiles(out)).filter(file => file.endsWith('.png'))
      for (const file of pictures) expect((await sharp(join(out, file)).metadata()).format).toBe('png')
      for (const sample of samples[name] ?? []) await checkSample(out, sample, label)
      const summary = await readJson(out, 'final/processing_summary.json')
      expect(Object.keys(summary)).toEqual(['total', 'success', 'skipped', 'error', 'satisfied', 'results'])
      expect(summary).toMatchObject({ total: samples[name]?.length, success: samples[name]?.length, error: 0 })
      expect(Object.keys(summary.results[0])).toEqual(['status', 'key', 'is_satisfied', 'final_turn', 'output_path'])
      const imported = await house.run([
        'import',
        '--paper',
        out,
        '--editor',
        'e',
        '--thinker',
        't',
        '--batch',
        'copies',
      ])
      expect(imported).toEqual({
        ...{ code: 0, stderr: '' },
        stdout: `${samples[name]?.length} imported, 0 there already, 0 skipped\n`,
      })
    }
  })

  it('goes on where a killed one stopped, and does nothing twice', async () => {
    const rows = await Promise.all(
      Array.from({ length: 40 }, (_, i) => geditRow(`k${i}`, { instruction: `Make it brighter by ${i + 1}%.` })),
    )
    await writeGedit(join(house.folder, 'gedit'), [rows])
    const out = join(house.folder, 'out')
    const command = runArguments(house, 'gedit', '--out', out)
    const first = startCli(command, house.environment())
    await until('a picture is uploaded', async () => (await house.countImages()) > 0, 60_000)
    first.child.kill('SIGKILL')
    await first.end()
    const second = startCli(command, house.environment())
    await until('an item is done', async () => (await house.readJobs()).some(job => job.rounds > 0), 60_000)
    second.child.kill('SIGKILL')
    await second.end()
    const before = await house.readJobs()
    const third = startCli(command, house.environment())
    await until('a sample is written', async () => (await listMeta(out)).length > 0, 60_000)
    third.child.kill('SIGKILL')
    await third.end()
    const written = await listMeta(out)
    const times = await Promise.all(written.map(async file => (await stat(join(out, file))).mtimeMs))

    const { code, stdout, stderr } = await house.run(command)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^40 items in the layout of the paper \(\d+ were there\)/m)
    const jobs = await house.readJobs()
    expect(jobs.map(job => job.key).sort()).toEqual(rows.map(row => row.key).sort())
    expect(jobs.map(job => job.id)).toEqual(expect.arrayContaining(before.map(job => job.id)))
    expect(new Set(jobs.map(job => job.run))).toEqual(new Set([1]))
    expect(await listMeta(out)).toHaveLength(40)
    const timesAfter = await Promise.all(written.map(async file => (await stat(join(out, file))).mtimeMs))
    expect(timesAfter).toEqual(times)
    expect((await listFiles(out)).filter(file => file.endsWith('.part'))).toEqual([])

    const images = await house.countImages()
    expect((await house.run(command)).code).toBe(0)
    expect(await house.readJobs()).toEqual(jobs)
    expect(await house.countImages()).toBe(images)
  })

  it('names all that is wrong in a folder and starts nothing; with --skip-bad it goes on without', async () => {
    await writeImgedit(join(house.folder, 'imgedit'))
    const home = join(house.folder, 'imgedit', 'Benchmark', 'singleturn')
    const list = await readJson(home, 'singleturn.json')
    list['99'] = { id: 'animal/000099.jpg', prompt: 'Add a hat.', edit_type: 'add' }
    list['5'].edit_type = 'dance'
    await writeFile(join(home, 'singleturn.json'), JSON.stringify(list))
    const { code, stderr } = await house.run(runArguments(house, 'imgedit'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^5: edit_type: /m)
    expect(stderr).toMatch(/^99: The picture \S*animal\/000099\.jpg is missing\.$/m)
    expect(stderr).toContain('--skip-bad goes on without these.')
    expect([await house.readJobs(), await house.countImages()]).toEqual([[], 0])

    const skipping = await house.run(runArguments(house, 'imgedit', '--skip-bad'))
    expect(skipping).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Skipped 5: .*\nSkipped 99: /) })
    expect((await house.readJobs()).map(job => job.key).sort()).toEqual(['17', '230'])
  })

  it('names the items that could not be started and ends with 1, with the others done', async () => {
    await writeKris(join(house.folder, 'kris'))
    const home = join(house.folder, 'kris', 'Kris_Bench', 'KRIS_Bench')
    await writeFile(join(home, 'physics', '1.png'), 'no picture')
    const { code, stdout, stderr } = await house.run(runArguments(house, 'kris', '--json'))
    expect(code).toBe(1)
    const lines = parseLines(stdout)
    expect(lines[0]).toMatchObject({ __typename: 'BenchmarkRun', items: 2, retried: 0 })
    expect(lines.at(-1)).toMatchObject({
      ...{ __typename: 'RunSummary', total: 2, succeeded: 2, failed: 0, unfinished: [] },
      taskTypes: [{ taskType: 'color_change' }, { taskType: 'viewpoint_change' }],
    })
    const { error } = JSON.parse(stderr)
    expect(error.code).toBe('ITEMS_FAILED')
    expect(error.message).toMatch(
      /^2 of 4 items did not succeed:\n {2}physics\/en\/1 was not started: The picture .*1\.png/,
    )
    expect(error.message).toMatch(/temporal_prediction\/en\/7 was not started: The model .* takes no reference images/)
    const { rows } = await house.server.db.query(
      'select from job_picture p join job j on j.id = p.job_id where j.tenant_id = $1',
      [house.tenantId],
    )
    expect(rows).toHaveLength(1) // the ground truth of the new viewpoint
  })

  it('adds to a run what was left out of it, and keeps another configuration apart', async () => {
    await writeFolders()
    const [one] = [labelIn((await house.run(runArguments(house, 'rise', '--limit', '1'))).stdout)]
    expect(await house.readJobs()).toHaveLength(1)
    expect(labelIn((await house.run(runArguments(house, 'rise'))).stdout)).toBe(one)
    expect(await house.readJobs()).toHaveLength(5)
    const other = labelIn((await house.run(runArguments(house, 'rise', '--limit', '1', '--variant', 'again'))).stdout)
    expect(other).not.toBe(one)
    expect(await house.readJobs()).toHaveLength(6)
  })

  it.each([
    [['bench', 'run', 'gedit', '--data', 'x'], 2, /required option '--editor/],
    [['bench', 'run', 'paint', '--data', 'x', ...engineOptions], 2, /Allowed choices are gedit, imgedit, kris, rise/],
    [['bench', 'run', 'gedit', '--data', 'x', '--editor', 'e'], 2, /Name the thinker with --thinker/],
    [['bench', 'run', 'rise', '--data', 'x', '--raw-pictures', ...engineOptions], 2, /--raw-pictures goes with gedit/],
    [['bench', 'run', 'gedit', '--data', '/nowhere', ...engineOptions], 1, /\/nowhere is not as it is published:/],
  ])('%j ends with %i', async (args, code, message) => {
    expect(await house.run(args)).toMatchObject({ code, stderr: expect.stringMatching(message) })
  })
})

async function listMeta(root: string): Promise<string[]> {
  return (await listFiles(root)).filter(file => file.endsWith('_meta.json'))
}
