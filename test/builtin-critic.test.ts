import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isSatisfied, isUnreadable } from '../src/loop/satisfied.ts'
import { defaultSettings } from '../src/loop/settings.ts'
import { builtinCritic } from '../workers/engines/builtin/critic.ts'
import { builtinEditor } from '../workers/engines/builtin/editor.ts'
import { makePixelThread } from '../workers/engines/builtin/pixel-thread.ts'
import type { Picture, Verdict } from '../workers/engines/engine.ts'
import { editRequest } from './support/edit-request.ts'
import { runBuiltinLoop } from './support/run-builtin-loop.ts'

const thread = makePixelThread()
const engines = { editor: builtinEditor({ thread }), thinker: builtinCritic({ thread }) }
let source: Picture

beforeAll(async () => {
  const file = await readFile(new URL('../examples/astronaut.png', import.meta.url))
  source = { bytes: await sharp(file).resize(160, 160).png().toBuffer(), contentType: 'image/png' }
})
afterAll(() => thread.close())

type Scored = Verdict & { semantic: number; quality: number }

/** Judges the source after `change`, which is made by sharp or, where it is a text, by the builtin editor. */
async function judge(
  instruction: string,
  change: ((image: Sharp) => Sharp) | string,
  prompt = instruction,
): Promise<Scored> {
  const { signal } = new AbortController()
  const edited: Picture =
    typeof change === 'string'
      ? (await engines.editor.edit(editRequest({ prompt: change, source }), signal)).picture
      : { bytes: await change(sharp(source.bytes)).png().toBuffer(), contentType: 'image/png' }
  const verdict = await engines.thinker.critique({ instruction, prompt, source, edited, seed: 1 }, signal)
  expect(isUnreadable(defaultSettings.stop, verdict)).toBe(false)
  const { semantic, quality } = verdict
  if (semantic === null || quality === null) throw new Error('The critic gave no score.')
  expect(verdict.isSatisfied).toBe(isSatisfied(defaultSettings.stop, verdict, prompt))
  return { ...verdict, semantic, quality }
}

const untouched = (image: Sharp) => image
const blown = (image: Sharp) => image.linear(2.2, 0)
const drowned = (image: Sharp) => image.linear(1, -110)

describe('what cannot be done', () => {
  it.each([
    'Add a dragon',
    'add a dragon to the sky',
    'replace the background with a beach',
    'make her smile',
    'make it nice',
  ])('"%s" scores low with an honest reason and never ends as satisfied', async instruction => {
    const { rounds, isSatisfied: isDone } = await runBuiltinLoop(engines, instruction, source)
    expect(isDone).toBe(false)
    for (const { semantic, isSatisfied: isRoundDone, reasoning, picture } of rounds) {
      expect(semantic).toBeLessThanOrEqual(2)
      expect(isRoundDone).toBe(false)
      expect(reasoning).toContain(`I cannot do "${instruction}": `)
      expect(picture.bytes).toBe(source.bytes)
    }
  })

  it('is not satisfied by whatever another editor made of it', async () => {
    for (const change of [untouched, blown, (image: Sharp) => image.flop()]) {
      const verdict = await judge('Add a dragon', change)
      expect(verdict.semantic).toBeLessThanOrEqual(2)
      expect(verdict.isSatisfied).toBe(false)
    }
  })

  it('holds down the score of what was done beside it', async () => {
    const {
      rounds,
      best,
      isSatisfied: isDone,
    } = await runBuiltinLoop(engines, 'Make it brighter and add a dragon', source)
    expect(isDone).toBe(false)
    expect(best.semantic).toBeGreaterThan(2)
    expect(Math.max(...rounds.map(each => each.semantic))).toBeLessThanOrEqual(6)
    expect(best.reasoning).toContain('I cannot do "add a dragon"')
    expect(best.reasoning).toMatch(/As asked: brightness \+[78]\S* of \+8 points/)
  })
})

describe('the prompt is refined', () => {
  it('with explicit amounts where nothing has been done yet', async () => {
    const verdict = await judge('brighter and slightly warmer', untouched, '')
    expect(verdict.semantic).toBeLessThan(1)
    expect(verdict.refinedPrompt).toBe('brightness +8 points, warmth +4 points')
  })

  it('to more where it fell short and to less where it went too far', async () => {
    const amountIn = ({ refinedPrompt }: Verdict) => Number(/saturation \+([\d.]+)%/.exec(refinedPrompt ?? '')?.[1])
    const [short, far] = await Promise.all([
      judge('saturation +40%', 'saturation +10%', 'saturation +10%'),
      judge('saturation +40%', 'saturation +95%', 'saturation +95%'),
    ])
    expect(short.reasoning).toContain('The saturation fell short')
    expect(amountIn(short)).toBeGreaterThan(25)
    expect(far.reasoning).toContain('The saturation went too far')
    expect(amountIn(far)).toBeLessThan(95)
    expect(amountIn(far)).toBeGreaterThan(40)
  })

  it('with what undoes a change nobody asked for', async () => {
    const verdict = await judge('saturation +20%', 'saturation +25%, brightness -9 points', 'saturation +25%')
    expect(verdict.reasoning).toMatch(/Not asked for, but changed: lightness -/)
    expect(verdict.refinedPrompt).toMatch(/brightness \+[4-9]/)
  })

  it('to nothing where all is as asked', async () => {
    const verdict = await judge('flip horizontally', image => image.flop())
    expect(verdict).toMatchObject({ semantic: 10, isSatisfied: true, refinedPrompt: null, tokens: 0 })
    expect(await judge('keep it as it is', untouched)).toMatchObject({ semantic: 10, isSatisfied: true })
  })
})

describe('semantic', () => {
  it('sinks by what was changed unasked', async () => {
    const clean = await judge('saturation +20%', 'saturation +25%')
    for (const damage of ['brightness -12 points', 'contrast -40%', 'sharpness -70%']) {
      const damaged = await judge('saturation +20%', `saturation +25%, ${damage}`)
      expect(damaged.semantic, damage).toBeLessThan(clean.semantic - 0.3)
      expect(damaged.isSatisfied, damage).toBe(false)
      expect(damaged.reasoning, damage).toContain('Not asked for, but changed')
    }
  })

  it('sinks where what was to be kept moved, more than where nobody said so', async () => {
    const change = 'brightness +16 points, contrast -20%'
    const [kept, free] = await Promise.all([judge('brighter, keep the contrast', change), judge('brighter', change)])
    expect(kept.semantic).toBeLessThan(free.semantic - 0.5)
  })

  it.each<[string, (image: Sharp) => Sharp]>([
    ['flip horizontally', image => image.flip()],
    ['rotate 90 degrees clockwise', image => image.rotate(270)],
    ['rotate 90 degrees clockwise', untouched],
    ['crop to 16:9', untouched],
    ['resize to 50%', untouched],
    ['black and white', untouched],
    ['sepia', image => image.greyscale()],
    ['invert the colours', untouched],
    ['posterize to 4 levels', untouched],
    ['pixelate 8 px', image => image.blur(4)],
    ['a 5 px white border', image => image.extend({ top: 5, bottom: 5, left: 5, right: 5, background: '#00f' })],
    ['caption "Hello"', untouched],
    ['crop to a square', image => image.resize(100, 70, { fit: 'fill' })],
  ])('"%s" is low for what is not that', async (instruction, change) => {
    const verdict = await judge(instruction, change)
    expect(verdict.semantic).toBeLessThanOrEqual(6)
    expect(verdict.isSatisfied).toBe(false)
  })

  it('is the same for the same pictures', async () => {
    const [one, again] = await Promise.all([judge('warmer', 'warmer'), judge('warmer', 'warmer')])
    expect(again).toEqual(one)
  })
})

describe('quality', () => {
  it('sinks where lights burn out or shadows drown', async () => {
    const fair = await judge('brighter', 'brightness +10 points')
    expect(fair.quality).toBeGreaterThan(9)
    const [over, under] = await Promise.all([judge('brighter', blown), judge('darker', drowned)])
    expect(over.quality).toBeLessThan(8)
    expect(over.reasoning).toMatch(/% of the picture is burnt out/)
    expect(under.quality).toBeLessThan(8)
    expect(under.reasoning).toMatch(/% of the picture is drowned in black/)
  })

  it('sinks where nobody asked for noise or bands', async () => {
    const [noisy, banded] = await Promise.all([
      judge('warmer', 'grain +12 points'),
      judge('warmer', 'posterize to 4 levels'),
    ])
    expect(noisy.quality).toBeLessThan(8)
    expect(banded.quality).toBeLessThan(8)
    expect((await judge('grain +12 points', 'grain +12 points')).quality).toBeGreaterThan(8)
  })
})

describe('polishing', () => {
  const polish = async (instruction: string) => {
    const { signal } = new AbortController()
    return (await engines.thinker.polish({ instruction, source, seed: 1 }, signal)).prompt
  }

  it('writes amounts, and leaves alone what it does not understand', async () => {
    expect(await polish('a bit warmer and cropped to a square')).toBe('warmth +4 points, crop to 1:1')
    expect(await polish('Add a dragon')).toBe('Add a dragon')
  })
})

it('a critique that is aborted rejects with the reason', async () => {
  const reason = new Error('The job was canceled.')
  const request = { instruction: 'brighter', prompt: 'brighter', source, edited: source, seed: 1 }
  await expect(engines.thinker.critique(request, AbortSignal.abort(reason))).rejects.toBe(reason)
})

it('a picture that cannot be read is rejected for good', async () => {
  const edited = { bytes: Buffer.from('no picture'), contentType: 'image/png' }
  const request = { instruction: 'brighter', prompt: 'brighter', source, edited, seed: 1 }
  const refused = { kind: 'rejected', code: 'PICTURE_UNREADABLE' }
  await expect(engines.thinker.critique(request, new AbortController().signal)).rejects.toMatchObject(refused)
})
