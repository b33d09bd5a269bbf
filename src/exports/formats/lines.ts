import type { Sink } from '../export-format.ts'

const BLOCK_BYTES = 256 * 1024

/** Writes lines, gathered to blocks: one write a line would cost more than making it. */
export function writeLines(sink: Sink): {
  add(line: string): Promise<void> | undefined
  byteSize(): number
  end(): Promise<void>
} {
  // One block for all of them: fresh ones would be memory that waits for the collector.
  const block = Buffer.allocUnsafe(BLOCK_BYTES)
  let used = 0
  let byteSize = 0
  async function flush(): Promise<void> {
    const bytes = block.subarray(0, used)
    used = 0
    await sink.write(bytes)
  }
  function append(text: string, size: number): Promise<void> | undefined {
    if (size > BLOCK_BYTES) return sink.write(text)
    used += block.write(text, used)
    return undefined
  }
  return {
    add(line) {
      const text = `${line}\n`
      const size = Buffer.byteLength(text)
      byteSize += size
      return used + size <= BLOCK_BYTES ? append(text, size) : flush().then(() => append(text, size))
    },
    byteSize: () => byteSize,
    end: flush,
  }
}
