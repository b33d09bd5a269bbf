import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtinCritic } from '../workers/engines/builtin/critic.ts'
import { builtinEditor } from '../workers/engines/builtin/editor.ts'
import { makePixelThread } from '../workers/engines/builtin/pixel-thread.ts'
import type { Picture } from '../workers/engines/engine.ts'
import { freshInstructions } from './fixtures/fresh-instructions.ts'
import { instructions } from './fixtures/instructions.ts'
import { laterInstructions } from './fixtures/later-instructions.ts'
import { checkBuiltinResult } from './support/check-builtin-result.ts'
import { runBuiltinLoop } from './support/run-builtin-loop.ts'

// Smaller than in life, so that 180 loops take seconds; all amounts are independent of size.
const longestPx = 224
const photos = ['astronaut.png', 'coffee.png', 'rocket.jpg']
const thread = makePixelThread()
const engines = { editor: builtinEditor({ thread }), thinker: builtinCritic({ thread }) }
const sources = new Map<string, Picture>()

beforeAll(async () => {
  for (const photo of photos) {
    const file = await readFile(new URL(`../examples/${photo}`, import.meta.url))
    const bytes = await sharp(file).resize(longestPx, longestPx, { fit: 'inside' }).png().toBuffer()
    sources.set(photo, { bytes, contentType: 'image/png' })
  }
})
afterAll(() => thread.close())

describe.each(photos)('on %s', photo => {
  it.each([...instructions, ...freshInstructions, ...laterInstructions])(
    '"$text" ends as asked',
    { timeout: 30_000 },
    async asked => {
      const source = sources.get(photo)
      if (!source) throw new Error(`There is no ${photo}.`)
      const { rounds, best } = await runBuiltinLoop(engines, asked.text, source)
      const last = await checkBuiltinResult(asked, source.bytes, best.picture.bytes)
      const round1 = rounds[0] ?? best
      const first = round1 === best ? last : await checkBuiltinResult(asked, source.bytes, round1.picture.bytes)
      const trail = rounds
        .map(round => `${round.semantic}/${round.quality} ${round.prompt} | ${round.reasoning}`)
        .join('\n')
      expect(last.faults, trail).toEqual([])
      expect(last.errors, trail).toHaveLength(asked.amounts?.length ?? 0)
      for (const [index, amount] of last.errors.entries()) {
        const before = first.errors[index]
        if (!before) throw new Error('The first round was not measured.')
        const what = `${amount.measure} of ${amount.asked}\n${trail}`
        expect(amount.error, what).toBeLessThanOrEqual(amount.limit)
        // What missed gets strictly closer; what was right no farther, but for what rounding to 8 bits and a neighbour's share do.
        if (before.error > before.limit) expect(amount.error, what).toBeLessThan(before.error)
        else expect(amount.error, `${what} moved off`).toBeLessThanOrEqual(before.error + amount.limit / 8)
      }
    },
  )
})
