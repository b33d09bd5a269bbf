import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtinCritic } from '../workers/engines/builtin/critic.ts'
import { builtinEditor } from '../workers/engines/builtin/editor.ts'
import { makePixelThread } from '../workers/engines/builtin/pixel-thread.ts'
import type { Picture } from '../workers/engines/engine.ts'
import { checkBuiltinResult } from './support/check-builtin-result.ts'
import { runBuiltinLoop } from './support/run-builtin-loop.ts'

const photos = ['astronaut.png', 'coffee.png', 'rocket.jpg'] as const
const thread = makePixelThread()
const engines = { editor: builtinEditor({ thread }), thinker: builtinCritic({ thread }) }
const sources = new Map<string, Picture>()
const denied = 'most of the rest lies beyond the colours a screen can show'

beforeAll(async () => {
  for (const photo of photos) {
    const file = await readFile(new URL(`../examples/${photo}`, import.meta.url))
    const bytes = await sharp(file).resize(300, 300, { fit: 'inside' }).png().toBuffer()
    sources.set(photo, { bytes, contentType: 'image/png' })
  }
})
afterAll(() => thread.close())

function sourceOf(photo: (typeof photos)[number]): Picture {
  const source = sources.get(photo)
  if (!source) throw new Error(`There is no ${photo}.`)
  return source
}

const plain = async (color: string): Promise<Picture> => ({
  bytes: await sharp({ create: { width: 64, height: 64, channels: 3, background: color } })
    .png()
    .toBuffer(),
  contentType: 'image/png',
})

const judge = (instruction: string, source: Picture, edited: Picture) =>
  engines.thinker.critique({ instruction, prompt: instruction, source, edited, seed: 1 }, new AbortController().signal)

describe('colours at the edge of what a screen can show', () => {
  it('let a picture pass that lacks only them, still within a fifth of what was asked', async () => {
    const source = sourceOf('coffee.png')
    const { best, isSatisfied } = await runBuiltinLoop(engines, 'much warmer and a bit darker', source)
    expect(isSatisfied).toBe(true)
    expect(best.reasoning).toContain(denied)
    const amounts = [
      { measure: 'b' as const, amount: 16 },
      { measure: 'lightnessPercent' as const, amount: -9.45 },
    ]
    const asked = { text: 'much warmer and a bit darker', amounts }
    const { errors, faults } = await checkBuiltinResult(asked, source.bytes, best.picture.bytes)
    expect(faults).toEqual([])
    expect(errors).toHaveLength(2)
    for (const { error, limit } of errors) expect(error).toBeLessThanOrEqual(limit)
  })

  it('are named where they keep the wish out of reach, which is not satisfied', async () => {
    const { best, isSatisfied } = await runBuiltinLoop(engines, 'extremely warm', sourceOf('coffee.png'))
    expect(isSatisfied).toBe(false)
    expect(best.reasoning).toMatch(new RegExp(`The warmth fell short: .*; ${denied}`))
  })

  it('never let an untouched picture pass', async () => {
    for (const color of ['#000000', '#ffff00', '#ffffff']) {
      const source = await plain(color)
      const { isSatisfied, semantic } = await judge('much warmer', source, source)
      expect(isSatisfied, color).toBe(false)
      expect(semantic, color).toBeLessThan(7.5)
    }
  })

  it('are no excuse where there is room', async () => {
    const verdict = await judge('much warmer', await plain('#808080'), await plain('#887f76'))
    expect(verdict.isSatisfied).toBe(false)
    expect(verdict.reasoning).toContain('The warmth fell short')
    expect(verdict.reasoning).not.toContain(denied)
  })
})

describe.each(photos)('half a sepia of %s', photo => {
  it('is told from none', async () => {
    const source = sourceOf(photo)
    const { rounds, isSatisfied } = await runBuiltinLoop(engines, 'a soft sepia', source)
    expect(isSatisfied, rounds.at(-1)?.reasoning).toBe(true)
    expect(await judge('a soft sepia', source, source)).toMatchObject({ isSatisfied: false })
  })
})
