import { expect, it } from 'vitest'
import { writeLines } from '../src/exports/formats/lines.ts'

const BLOCK = 256 * 1024

it('lines come out as they went in, texts and bytes, shorter and longer than a block', async () => {
  const lengths = [0, 1, BLOCK - 3, BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 1, 7, 3 * BLOCK, 0, 12]
  const texts = lengths.map((length, n) => `${n % 2 === 0 ? 'é' : 'e'}`.repeat(length))
  const written: Buffer[] = []
  const sink = {
    async write(bytes: Uint8Array | string) {
      written.push(Buffer.from(bytes as Uint8Array)) // a copy of either: the array may be used again
    },
  }
  const lines = writeLines(sink)
  for (const [n, text] of texts.entries()) await lines.add(n % 3 === 0 ? Buffer.from(text) : text)
  await lines.end()
  const expected = texts.map(text => `${text}\n`).join('')
  expect(lines.byteSize()).toBe(Buffer.byteLength(expected))
  expect(Buffer.concat(written).toString() === expected).toBe(true)
})
