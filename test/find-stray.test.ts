import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findStray } from '../src/cli/datasets/find-stray.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pentimento-stray-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

async function fill(name: string, paths: readonly string[]): Promise<string> {
  const folder = join(root, name)
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), '')
  }
  return folder
}

const own = ['README.md', 'train-00000.jsonl', 'train/00000.json', 'images/ab/1.png']

it.each([
  ['train/00001.json', 'train/00001.json'],
  ['train/.5c1f.part', 'train/.5c1f.part'],
  ['train-00001.jsonl', 'train-00001.jsonl'],
  ['images/cd/2.png', null],
  ['saves/checkpoint-1/model.bin', null],
  ['notes.txt', null],
  ['test/00000.json', null],
])('beside an export %s is found as %s', async (path, expected) => {
  const folder = await fill(path.replaceAll('/', '_'), [...own, path])
  expect(await findStray(folder, own)).toBe(expected)
})

it('is none in a folder that is not there, or of which files are missing', async () => {
  expect(await findStray(join(root, 'absent'), own)).toBe(null)
  expect(await findStray(await fill('part', ['README.md']), own)).toBe(null)
})
