import { expect, it } from 'vitest'
import { writeLines } from '../src/exports/formats/lines.ts'

const BLOCK = 256 * 1024

it('lines come out as they went in, texts and bytes, shorter and longer than a block', async () => {
  const lengths = [0, 1, BLOCK - 3, BLOCK - 2, BLOCK - 1, BLOCK, BLOCK + 1, 7, 3 * BLOCK, 0, 12]
  const texts = lengths.map((length, n) => `${n % 2 === 0 ? 'é' : 'e'}`.repeat(length))
  let written = ''
  const sink = {
    async write(bytes: Uint8Array | string) {
      written += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')
      if (typeof bytes !== 'string') bytes.fill(0) // the writer may use the array again, so nothing of it is read later
    },
  }
  const lines = writeLines(sink)
  for (const [n, text] of texts.entries()) await lines.add(n % 3 === 0 ? Buffer.from(text) : text)
  await lines.end()
  const expected = texts.map(text => `${text}\n`).join('')
  expect(lines.byteSize()).toBe(Buffer.byteLength(expected))
  expect(toText(written) === expected).toBe(true)
})

/** Bytes were gathered one character each, texts as they are. */
function toText(mixed: string): string {
  return mixed.replaceAll('Ã©', 'é')
}
