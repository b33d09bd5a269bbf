import sharp from 'sharp'
import { expect, test } from 'vitest'
import { makeDecodeGate } from '../src/images/decode-gate.ts'
import { formPicture, type PictureForm } from '../src/images/picture-form.ts'
import { noisePng } from './support/pictures.ts'

const deps = { gate: makeDecodeGate() }
const size = { width: 400, height: 300 }
const bytes = await noisePng(size.width, size.height)
const picture = { bytes, contentType: 'image/png', ...size }
const form = (given: PictureForm) => formPicture(deps, picture, given)
const sizeOf = async (file: { bytes: Buffer }) => {
  const { width, height, format } = await sharp(file.bytes).metadata()
  return { width, height, format }
}
const base64Size = (file: { bytes: Buffer }) => file.bytes.toString('base64').length

test('a stored file is sent as it is', async () => {
  expect(await form({ form: 'stored' })).toEqual({ bytes, contentType: 'image/png' })
})

test('a JPEG has the size that is wanted, whatever its shape', async () => {
  const file = await form({ form: 'jpeg', quality: 75, size: { width: 500, height: 200 } })
  expect(file.contentType).toBe('image/jpeg')
  expect(await sizeOf(file)).toEqual({ width: 500, height: 200, format: 'jpeg' })
})

test('a JPEG fits into a box and is never enlarged', async () => {
  expect(await sizeOf(await form({ form: 'jpeg', quality: 75, box: 100 }))).toMatchObject({ width: 100, height: 75 })
  expect(await sizeOf(await form({ form: 'jpeg', quality: 75, box: 768 }))).toMatchObject(size)
})

test('what is transparent keeps its colours', async () => {
  const clear = await sharp({
    create: { width: 8, height: 8, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
  })
    .png()
    .toBuffer()
  const file = await formPicture(
    deps,
    { bytes: clear, contentType: 'image/png', width: 8, height: 8 },
    {
      ...{ form: 'jpeg', quality: 85 },
    },
  )
  const [red = 0] = await sharp(file.bytes).raw().toBuffer()
  expect(red).toBeGreaterThan(240)
})

test('a file that is small enough is kept, another one shrinks no more than it must', async () => {
  const whole = base64Size(picture)
  expect(await form({ form: 'under', base64Bytes: whole })).toEqual({ bytes, contentType: 'image/png' })
  const sizes: number[] = []
  for (const share of [2, 4, 8, 20]) {
    const file = await form({ form: 'under', base64Bytes: Math.floor(whole / share) })
    expect(file.contentType).toBe('image/jpeg')
    expect(base64Size(file)).toBeLessThanOrEqual(whole / share)
    sizes.push((await sizeOf(file)).width)
  }
  expect(sizes[0]).toBe(400)
  expect(sizes.at(-1)).toBeLessThan(400)
})

test('the smallest is sent where nothing is small enough', async () => {
  expect(await sizeOf(await form({ form: 'under', base64Bytes: 10 }))).toEqual({
    width: 120,
    height: 90,
    format: 'jpeg',
  })
})
