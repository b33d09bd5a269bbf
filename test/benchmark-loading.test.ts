import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, test } from 'vitest'
import { type BenchmarkItem, type BenchmarkName, toItemId } from '../src/benchmarks/benchmark.ts'
import { BenchmarkDataError } from '../src/benchmarks/errors.ts'
import { loadBenchmark } from '../src/benchmarks/load-benchmark.ts'
import * as folders from './support/benchmark-folders.ts'
import { problemsOf } from './support/benchmark-problems.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pentimento-benchmark-'))
  return () => rm(root, { recursive: true, force: true })
})

function byId(items: readonly BenchmarkItem[], id: string): BenchmarkItem {
  const item = items.find(one => toItemId(one) === id)
  if (!item) throw new Error(`There is no ${id}.`)
  return item
}

describe('ImgEdit-Bench', () => {
  it('is read from singleturn.json and the pictures beside it', async () => {
    await folders.writeImgedit(root)
    const items = await loadBenchmark('imgedit', root)
    expect(items.map(item => [item.key, item.taskType])).toEqual(
      expect.arrayContaining([
        ['17', 'add'],
        ['230', 'replace'],
        ['5', 'action'],
      ]),
    )
    const item = byId(items, 'replace/en/230')
    expect(item.instruction).toBe('Turn the loaf into a cake.')
    expect(Buffer.from(await item.source.read())).toEqual(
      await readFile(join(root, 'Benchmark/singleturn/food/000230.jpg')),
    )
    expect(await loadBenchmark('imgedit', join(root, 'Benchmark'))).toHaveLength(3)
  })

  it('names every item without a picture, a prompt or a known type, and reads nothing outside of the folder', async () => {
    await writeFile(join(root, 'secret.jpg'), 'a file of somebody else')
    await folders.writeImgedit(root, {
      ...folders.imgeditItems,
      '8': { id: 'animal/gone.jpg', prompt: 'Add a hat.', edit_type: 'add' },
      '9': { id: 'animal/000017.jpg', edit_type: 'add' },
      '10': { id: 'animal/000017.jpg', prompt: 'Add a hat.', edit_type: 'decorate' },
      '11': { id: '../../secret.jpg', prompt: 'Add a hat.', edit_type: 'add' },
    })
    const problems = await problemsOf(loadBenchmark('imgedit', root))
    expect([...problems].sort((a, b) => Number(a.item) - Number(b.item))).toEqual([
      { item: '8', problem: 'The picture Benchmark/singleturn/animal/gone.jpg is missing.' },
      { item: '9', problem: 'prompt: is missing.' },
      { item: '10', problem: expect.stringMatching(/^edit_type: /) },
      { item: '11', problem: 'The picture secret.jpg is missing.' },
    ])
  })
})

describe('KRIS-Bench', () => {
  it('is read from the annotations of its categories, with references, ground truth and explanation', async () => {
    await folders.writeKris(root)
    const items = await loadBenchmark('kris', root)
    expect(items.map(toItemId)).toEqual([
      'color_change/en/1',
      'viewpoint_change/en/1',
      'temporal_prediction/en/7',
      'physics/en/1',
    ])
    const physics = byId(items, 'physics/en/1')
    expect(physics.facts).toEqual({
      category: 'physics',
      explanation: 'It has become a puddle.',
      isMultiPicture: false,
    })
    expect(physics.pictures).toEqual({})
    expect(byId(items, 'viewpoint_change/en/1').pictures.groundTruth?.name).toMatch(/viewpoint_change\/1_gt\.jpg$/)
    const temporal = byId(items, 'temporal_prediction/en/7')
    expect(temporal.source.name).toMatch(/7-1\.jpg$/)
    expect(temporal.references.map(({ name }) => name)).toEqual([
      expect.stringMatching(/7-2\.jpg$/),
      expect.stringMatching(/7-4\.jpg$/),
    ])
    expect(temporal.facts).toMatchObject({ isMultiPicture: true, frame: 3 })
    expect(await loadBenchmark('kris', join(root, 'Kris_Bench', 'KRIS_Bench'))).toHaveLength(4)
  })

  it('brings frames into the order of their numbers', async () => {
    await folders.writeKris(root)
    const list = join(root, 'Kris_Bench/KRIS_Bench/temporal_prediction/annotation.json')
    await folders.writeJson(list, { '7': { ori_img: ['7-4.jpg', '7-1.jpg', '7-2.jpg'], ins_en: 'Make frame 3.' } })
    const { source, references } = byId(await loadBenchmark('kris', root), 'temporal_prediction/en/7')
    expect([source, ...references].map(({ name }) => name.split('/').at(-1))).toEqual(['7-1.jpg', '7-2.jpg', '7-4.jpg'])
  })

  it('takes the items that final_data.json lists, as a list or by id', async () => {
    const listed = { type: 'physics', ori_img: '1.png', ins_en: 'Show the ice after two hours in the sun.' }
    for (const finalData of [[{ id: 1, ...listed }], { '1': listed }]) {
      await folders.writeKris(root, finalData)
      const items = await loadBenchmark('kris', root)
      expect(items.map(toItemId)).toEqual(['physics/en/1'])
      expect(items[0]?.instruction).toBe('Show the ice after two hours in the sun.')
    }
  })

  it('names every missing picture, text, frame and annotation at once', async () => {
    await folders.writeKris(root, [
      { id: '1', type: 'physics' },
      { id: '2', type: 'physics' },
      { id: '1', type: 'alchemy' },
    ])
    const home = join(root, 'Kris_Bench/KRIS_Bench')
    await rm(join(home, 'physics/1.png'))
    await folders.writeJson(join(home, 'color_change/annotation.json'), { '1': { ori_img: '1.jpg', ins_en: '' } })
    await rm(join(home, 'viewpoint_change/annotation.json'))
    expect(await problemsOf(loadBenchmark('kris', root))).toEqual([
      { item: 'color_change/en/1', problem: 'ins_en: is empty.' },
      { item: 'viewpoint_change', problem: 'There is no annotation.json.' },
      { item: 'physics/en/2', problem: 'final_data.json lists it and annotation.json does not.' },
      { item: 'item 3 of final_data.json', problem: 'type: is no category of KRIS-Bench.' },
      { item: 'physics/en/1', problem: 'The picture Kris_Bench/KRIS_Bench/physics/1.png is missing.' },
    ])
  })

  it('refuses a viewpoint without its ground truth and frames that leave more than one open', async () => {
    await folders.writeKris(root)
    const home = join(root, 'Kris_Bench/KRIS_Bench')
    await folders.writeJson(join(home, 'viewpoint_change/annotation.json'), {
      '1': { ori_img: '1.jpg', gt_img: '', ins_en: 'Draw the mug from above.' },
    })
    await folders.writeJson(join(home, 'temporal_prediction/annotation.json'), {
      '7': { ori_img: ['7-1.jpg', '7-2.jpg'], gt_img: '7-3.jpg', ins_en: 'Make frame 3.' },
    })
    const problems = await problemsOf(loadBenchmark('kris', root))
    expect(problems.map(({ item, problem }) => `${item} ${problem.split(':')[0]}`).sort()).toEqual([
      'temporal_prediction/en/7 ori_img',
      'viewpoint_change/en/1 gt_img',
    ])
  })
})

describe('RISEBench', () => {
  it('is read from its list and the folder data', async () => {
    await folders.writeRise(root)
    const items = await loadBenchmark('rise', root)
    expect(items.map(item => item.key)).toEqual(folders.riseItems.map(item => item.index))
    expect(items.map(item => item.facts.consistencyFree)).toEqual([null, true, null, null, null])
    expect(items.map(item => item.facts.isReasoningWithInput)).toEqual([false, true, false, false, false])
    expect(items.map(item => Object.keys(item.pictures))).toEqual([[], [], ['reference'], [], ['reference']])
    expect(items[3]?.facts).toMatchObject({ referenceText: '12', subtask: 'Mathematical Derivation' })
    const picture = await items[4]?.pictures.reference?.read()
    expect(Buffer.from(picture ?? [])).toEqual(await readFile(join(root, 'data/logical_reasoning_images/2_ref.png')))
  })

  it('names every item that lacks a picture, a reference, an index or a category', async () => {
    const [temporal, , spatial, logical] = folders.riseItems
    await folders.writeRise(root, [
      { ...temporal, image: 'temporal_reasoning_images/9.png' },
      { ...temporal, index: 'temporal_reasoning_2', reference: undefined },
      { ...spatial, reference_img: 'spatial_reasoning_images/9_ref.png' },
      { ...logical, reference_txt: null },
      { ...logical, index: undefined },
      { ...logical, index: 'social_reasoning_1', category: 'social_reasoning' },
      temporal,
    ])
    expect(
      (await problemsOf(loadBenchmark('rise', root))).map(({ item, problem }) => `${item} ${problem}`).sort(),
    ).toEqual([
      'item 5 of the list index: is missing.',
      'logical_reasoning_1 reference_txt: is missing, and so is reference_img.',
      expect.stringMatching(/^social_reasoning_1 category: /),
      'spatial_reasoning_1 The picture data/spatial_reasoning_images/9_ref.png is missing.',
      'temporal_reasoning_1 The picture data/temporal_reasoning_images/9.png is missing.',
      'temporal_reasoning_2 reference: is missing.',
    ])
  })
})

test.each<BenchmarkName>(['gedit', 'imgedit', 'kris', 'rise'])(
  'a folder without %s says what is looked for',
  async name => {
    const problems = await problemsOf(loadBenchmark(name, root))
    expect(problems).toHaveLength(1)
    expect(problems[0]?.problem).toMatch(/^There is no /)
  },
)

test('a list that is no JSON is named, and so is the key that cannot be a file', async () => {
  await writeFile(join(root, 'singleturn.json'), '{"1": ')
  expect(await problemsOf(loadBenchmark('imgedit', root))).toEqual([
    { item: 'singleturn.json', problem: expect.stringMatching(/^The file is no JSON: /) },
  ])
  await folders.writeJson(join(root, 'singleturn.json'), { '../1': folders.imgeditItems['5'] })
  expect(await problemsOf(loadBenchmark('imgedit', root))).toEqual([
    { item: 'singleturn.json', problem: expect.stringContaining('../1') },
  ])
})

test('of many problems the message names the first and counts the others', async () => {
  const item = { id: 'gone.jpg', prompt: 'Add a hat.', edit_type: 'add' }
  await folders.writeJson(
    join(root, 'singleturn.json'),
    Object.fromEntries(Array.from({ length: 30 }, (_, key) => [`k${key}`, item])),
  )
  const error: unknown = await loadBenchmark('imgedit', root).catch((reason: unknown) => reason)
  const lines = error instanceof BenchmarkDataError ? error.message.split('\n') : []
  expect(lines).toHaveLength(21)
  expect(lines.at(-1)).toBe('and 10 more.')
})
