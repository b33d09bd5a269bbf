import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { toItemId } from '../src/benchmarks/benchmark.ts'
import { loadBenchmark } from '../src/benchmarks/load-benchmark.ts'
import { loadGedit } from '../src/benchmarks/load-gedit.ts'
import * as folders from './support/benchmark-folders.ts'
import { problemsOf } from './support/benchmark-problems.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pentimento-gedit-'))
  return () => rm(root, { recursive: true, force: true })
})

it("GEdit-Bench is read from parquet files, both languages, with each row's own picture", async () => {
  const rows = [await folders.geditRow('a'), await folders.geditRow('b', { task_type: 'subject-add' })]
  const others = [
    await folders.geditRow('c', {
      instruction_language: 'cn',
      instruction: '把它涂成蓝色',
      Intersection_exist: false,
    }),
  ]
  await folders.writeGedit(root, [rows, others])
  const items = await loadBenchmark('gedit', root)
  expect(items.map(toItemId)).toEqual(['color_alter/en/a', 'subject-add/en/b', 'color_alter/cn/c'])
  expect(items.map(item => item.instruction)).toEqual(['Paint the a blue.', 'Paint the b blue.', '把它涂成蓝色'])
  expect(items.map(item => item.facts)).toEqual([true, true, false].map(isIntersection => ({ isIntersection })))
  const pictures = await Promise.all(items.map(item => item.source.read()))
  expect(pictures.map(picture => Buffer.from(picture))).toEqual([...rows, ...others].map(row => row.input_image))
  expect((await loadBenchmark('gedit', root, { language: 'cn' })).map(item => item.key)).toEqual(['c'])
})

it('loading names every row without a picture, a text or a known group, and the column and file that are missing', async () => {
  const rows = [
    await folders.geditRow('a'),
    await folders.geditRow('b', { input_image: null }),
    await folders.geditRow('c', { instruction: ' ' }),
    await folders.geditRow('d', { task_type: 'collage' }),
    await folders.geditRow('a'),
  ]
  await folders.writeGedit(root, [rows, []])
  const second = 'data/train-00001-of-00002.parquet'
  await writeFile(join(root, second), await folders.toParquet([await folders.geditRow('e')], ['Intersection_exist']))
  const problems = await problemsOf(loadGedit(root))
  const at = (key: string, row: number) => `${key} (row ${row} of data/train-00000-of-00002.parquet)`
  expect(problems).toEqual([
    { item: at('b', 1), problem: 'The picture input_image is missing.' },
    { item: at('c', 2), problem: 'instruction: is empty.' },
    { item: at('d', 3), problem: expect.stringMatching(/^task_type: .*background_change/) },
    { item: second, problem: 'The column Intersection_exist is missing.' },
    { item: 'color_alter/en/a', problem: 'The item is there twice.' },
  ])
  await rm(join(root, second))
  expect(await problemsOf(loadGedit(root))).toContainEqual({
    item: 'train-00001-of-00002.parquet',
    problem: 'The file is missing.',
  })
})

it('loading says which file is no parquet file', async () => {
  await folders.writeGedit(root, [[await folders.geditRow('a')]])
  await writeFile(join(root, 'data/train-00000-of-00001.parquet'), 'version https://git-lfs.github.com/spec/v1')
  expect(await problemsOf(loadGedit(root))).toEqual([
    { item: 'data/train-00000-of-00001.parquet', problem: expect.stringMatching(/^The file cannot be read: /) },
  ])
})
