import { readFile } from 'node:fs/promises'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtinEditor } from '../workers/engines/builtin/editor.ts'
import { makePixelThread, type PixelThread } from '../workers/engines/builtin/pixel-thread.ts'
import type { Editor, Picture } from '../workers/engines/engine.ts'
import { editRequest } from './support/edit-request.ts'
import { pixelHash } from './support/pictures.ts'

const thread = makePixelThread()
const editor = builtinEditor({ thread })
let source: Picture

beforeAll(async () => {
  const file = await readFile(new URL('../examples/coffee.png', import.meta.url))
  // Neither square nor of even sides, so that a swapped axis or a lost pixel shows.
  source = { bytes: await sharp(file).resize(151, 101, { fit: 'fill' }).png().toBuffer(), contentType: 'image/png' }
})
afterAll(() => thread.close())

type Options = {
  picture?: Picture
  seed?: number
  parameters?: Record<string, unknown>
  signal?: AbortSignal
  by?: Editor
}

async function edit(prompt: string, options: Options = {}): Promise<Picture> {
  const { picture: given = source, seed = 1, parameters = {}, by = editor } = options
  const request = editRequest({ prompt, source: given, seed, parameters })
  const { picture } = await by.edit(request, options.signal ?? new AbortController().signal)
  return picture
}

const withThread = (changes: Partial<PixelThread>) => builtinEditor({ thread: { ...thread, ...changes } })

describe('the same request', () => {
  it('gives the same bytes, grain included, and another seed other grain', async () => {
    const prompt = 'brighter, add grain, a vignette and a caption "Hello"'
    const [one, again, other] = await Promise.all([edit(prompt), edit(prompt), edit(prompt, { seed: 2 })])
    expect(one.bytes.equals(again.bytes)).toBe(true)
    expect(one.bytes.equals(other.bytes)).toBe(false)
  })

  it('gives the same bytes for any seed where nothing is left to chance', async () => {
    const [one, other] = await Promise.all([edit('warmer'), edit('warmer', { seed: 99 })])
    expect(one.bytes.equals(other.bytes)).toBe(true)
  })

  it('gives candidates of different strength with the parameter "variation"', async () => {
    const parameters = { variation: 0.2 }
    const pictures = await Promise.all([1, 2, 3].map(seed => edit('warmer', { seed, parameters })))
    expect(new Set(pictures.map(({ bytes }) => bytes.toString('base64'))).size).toBe(3)
  })

  it.each([-0.1, 0.3, Number.NaN, '0.1', null])('is refused with a variation of %s', async variation => {
    const refused = { kind: 'rejected', code: 'INVALID_PARAMETER' }
    await expect(edit('warmer', { parameters: { variation } })).rejects.toMatchObject(refused)
  })
})

it.each(['Add a dragon', '', '   ', 'keep it as it is'])(
  '"%s" leaves the picture as it was, byte for byte',
  async text => {
    expect((await edit(text)).bytes).toBe(source.bytes)
  },
)

describe('geometry is exact', () => {
  const cut = (left: number, top: number, width: number, height: number) => (image: Sharp) =>
    image.extract({ left, top, width, height })
  const framed = (side: number, background: string) => (image: Sharp) =>
    image.extend({ top: side, bottom: side, left: side, right: side, background })

  it.each<[string, (image: Sharp) => Sharp]>([
    ['rotate 90 degrees clockwise', image => image.rotate(90)],
    ['rotate 90 degrees to the left', image => image.rotate(270)],
    ['turn it upside down', image => image.rotate(180)],
    ['flip horizontally', image => image.flop()],
    ['flip vertically', image => image.flip()],
    ['crop to a square', cut(25, 0, 101, 101)],
    ['crop to 4:3', cut(8, 0, 135, 101)],
    ['crop to 60x80 px', cut(45, 10, 60, 80)],
    ['crop to 50%', cut(37, 25, 76, 51)],
    ['crop 20 px off the left', cut(20, 0, 131, 101)],
    ['crop 10% off the top', cut(0, 10, 151, 91)],
    ['cut 7 px from the right', cut(0, 0, 144, 101)],
    ['trim 11 pixels off the bottom', cut(0, 0, 151, 90)],
    ['a 5 px white border', framed(5, '#fff')],
    ['a 3 px black border', framed(3, '#000')],
    ['resize to 300x200 px', image => image.resize(300, 200, { fit: 'fill' })],
    ['resize to 50%', image => image.resize(76, 51, { fit: 'fill' })],
    ['resize to 75 px wide', image => image.resize(75, 50, { fit: 'fill' })],
  ])('%s', async (prompt, expected) => {
    const { bytes } = await edit(prompt)
    expect(await pixelHash(bytes)).toBe(await pixelHash(await expected(sharp(source.bytes)).png().toBuffer()))
  })

  it('happens in the order that is said', async () => {
    const { bytes } = await edit('flip horizontally, then crop 20 px off the left, then rotate 90 degrees clockwise')
    const flipped = await sharp(source.bytes).flop().png().toBuffer()
    const cropped = await cut(20, 0, 131, 101)(sharp(flipped)).png().toBuffer()
    expect(await pixelHash(bytes)).toBe(await pixelHash(await sharp(cropped).rotate(90).png().toBuffer()))
  })

  it('a free turn keeps the whole picture on white, and straightening leaves no corner', async () => {
    const turned = await sharp((await edit('rotate 30 degrees')).bytes)
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect([turned.info.width, turned.info.height, turned.info.channels]).toEqual([181, 163, 3])
    expect([...turned.data.subarray(0, 3)]).toEqual([255, 255, 255])
    const level = await sharp((await edit('straighten by 3 degrees')).bytes)
      .raw()
      .toBuffer({ resolveWithObject: true })
    const { width, height } = level.info
    expect(width / height).toBeCloseTo(151 / 101, 1)
    expect(width).toBeGreaterThan(130)
    const corners = [0, width - 1, (height - 1) * width, height * width - 1]
    for (const at of corners) expect([...level.data.subarray(at * 3, at * 3 + 3)]).not.toEqual([255, 255, 255])
  })
})

describe('pictures of every kind', () => {
  it.each(['jpeg', 'webp', 'png'] as const)('%s stays %s', async format => {
    const picture = { bytes: await sharp(source.bytes).toFormat(format).toBuffer(), contentType: `image/${format}` }
    const edited = await edit('brighter', { picture })
    expect(edited.contentType).toBe(`image/${format}`)
    expect((await sharp(edited.bytes).metadata()).format).toBe(format)
  })

  it('transparency stays, also under a caption and a free turn', async () => {
    const clear = await sharp(source.bytes).ensureAlpha(0.5).png().toBuffer()
    const edited = await edit('brighter, caption "Hi", rotate 10 degrees', {
      picture: { bytes: clear, contentType: 'image/png' },
    })
    const { data, info } = await sharp(edited.bytes).raw().toBuffer({ resolveWithObject: true })
    expect(info.channels).toBe(4)
    expect(data[3]).toBe(0)
    expect(
      Math.abs((data[(Math.floor(info.height / 3) * info.width + info.width / 2) * 4 + 3] ?? 0) - 128),
    ).toBeLessThan(3)
  })

  it.each<[string, (image: Sharp) => Sharp]>([
    ['grey', image => image.toColourspace('b-w')],
    ['grey with alpha', image => image.ensureAlpha(0.7).toColourspace('b-w')],
    ['of 16 bits', image => image.toColourspace('rgb16')],
    ['of one pixel', image => image.resize(1, 1)],
    ['of one line', image => image.resize(90, 1, { fit: 'fill' })],
  ])('a picture %s is edited', async (_, make) => {
    const bytes = await make(sharp(source.bytes)).png().toBuffer()
    const { width, height } = await sharp(bytes).metadata()
    const prompt = 'brighter, sharper, more contrast, less noise, a vignette, caption "Hello", pixelate 2 px'
    const edited = await sharp((await edit(prompt, { picture: { bytes, contentType: 'image/png' } })).bytes).metadata()
    expect([edited.width, edited.height]).toEqual([width, height])
  })

  it('what is no picture is rejected for good', async () => {
    const picture = { bytes: Buffer.from('no picture'), contentType: 'image/png' }
    const refused = { kind: 'rejected', code: 'PICTURE_UNREADABLE' }
    await expect(edit('brighter', { picture })).rejects.toMatchObject(refused)
  })
})

it('a caption changes the pixels around it and no others', async () => {
  const { bytes } = await edit('caption "Hello" at the bottom')
  const [before, after] = await Promise.all([source.bytes, bytes].map(each => sharp(each).raw().toBuffer()))
  const changed: number[] = []
  for (let at = 0; at < 151 * 101 * 3; at += 1) if (before?.[at] !== after?.[at]) changed.push(Math.floor(at / 453))
  expect(changed.length).toBeGreaterThan(150)
  expect(Math.min(...changed)).toBeGreaterThan(82)
})

it('a caption that is much too long for the picture is made to fit', async () => {
  const { bytes } = await edit(`caption "${'Far too long, I am afraid. '.repeat(4)}" at 400%`)
  const { width, height } = await sharp(bytes).metadata()
  expect([width, height]).toEqual([151, 101])
})

describe('a call that is aborted', () => {
  const reason = new Error('The job was canceled.')

  it('rejects with the reason before anything is decoded', async () => {
    await expect(edit('brighter', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('rejects in the middle of the work, stops it, and the thread takes the next', async () => {
    const controller = new AbortController()
    const by = withThread({
      look(pixels, look, signal) {
        const answer = thread.look(pixels, look, signal)
        controller.abort(reason)
        return answer
      },
    })
    await expect(edit('brighter', { by, signal: controller.signal })).rejects.toBe(reason)
    expect((await edit('brighter')).bytes.length).toBeGreaterThan(1000)
  })

  it('does not go on to what follows', async () => {
    const controller = new AbortController()
    const by = withThread({
      async look(pixels) {
        controller.abort(reason)
        return pixels
      },
    })
    await expect(edit('brighter, crop to a square', { by, signal: controller.signal })).rejects.toBe(reason)
  })
})

it('an engine that was closed starts its thread again', async () => {
  const own = builtinEditor()
  try {
    await edit('brighter', { by: own })
    await own.close()
    expect((await edit('brighter', { by: own })).bytes.length).toBeGreaterThan(1000)
  } finally {
    await own.close()
  }
})
