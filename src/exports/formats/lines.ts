import type { Sink } from '../export-format.ts'

const BLOCK_CHARACTERS = 64 * 1024

/** Writes lines, gathered to blocks: one write a line would cost more than making it. */
export function writeLines(sink: Sink): {
  add(line: string): Promise<void> | undefined
  byteSize(): number
  end(): Promise<void>
} {
  let written = 0
  let pending = ''
  async function flush(): Promise<void> {
    const bytes = Buffer.from(pending)
    pending = ''
    written += bytes.length
    await sink.write(bytes)
  }
  return {
    add(line) {
      pending += line
      pending += '\n'
      return pending.length < BLOCK_CHARACTERS ? undefined : flush()
    },
    byteSize: () => written + Buffer.byteLength(pending),
    end: flush,
  }
}
