import type { Sink } from '../export-format.ts'

const BLOCK_CHARACTERS = 256 * 1024

/** Writes lines, gathered to blocks: one write a line would cost more than making it. */
export function writeLines(sink: Sink): {
  add(line: string): Promise<void> | undefined
  byteSize(): number
  end(): Promise<void>
} {
  let byteSize = 0
  let pending = ''
  async function flush(): Promise<void> {
    const text = pending
    pending = ''
    await sink.write(text)
  }
  return {
    add(line) {
      byteSize += Buffer.byteLength(line) + 1
      pending += line
      pending += '\n'
      return pending.length < BLOCK_CHARACTERS ? undefined : flush()
    },
    byteSize: () => byteSize,
    end: flush,
  }
}
