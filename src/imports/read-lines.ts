import { createReadStream } from 'node:fs'

/** A line without its end; `end`: how many bytes of the file are behind it. `text` null: longer than allowed, so left out. */
export type FileLine = { number: number; text: string | null; end: number }

const NEWLINE = 0x0a

/**
 * The lines of a text file as they are read, in bounded memory. Only a line feed ends one: Node's readline would also cut
 * at U+2028, which JSON allows within a text.
 */
export async function* readLines(path: string, maxBytes: number): AsyncGenerator<FileLine, void, undefined> {
  let parts: Buffer[] = []
  let [number, size, end] = [1, 0, 0]
  const take = (): FileLine => {
    const text = size > maxBytes ? null : Buffer.concat(parts).toString('utf8')
    const line = { number: number++, text, end }
    parts = []
    size = 0
    return line
  }
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let from = 0; from < chunk.length; ) {
      const at = chunk.indexOf(NEWLINE, from)
      const part = chunk.subarray(from, at === -1 ? chunk.length : at)
      size += part.length
      if (size <= maxBytes) parts.push(part)
      end += part.length + (at === -1 ? 0 : 1)
      from += part.length + 1
      if (at !== -1) yield take()
    }
  }
  if (size > 0) yield take()
}
