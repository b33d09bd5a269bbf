import type { Sink } from '../export-format.ts'

const BLOCK_BYTES = 256 * 1024

/** Writes lines, gathered to blocks: one write a line would cost more than making it. */
export function writeLines(sink: Sink): {
  add(line: string | Uint8Array): Promise<void>
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
  return {
    async add(line) {
      const size = Buffer.byteLength(line) + 1
      byteSize += size
      if (used + size > BLOCK_BYTES) await flush()
      if (size > BLOCK_BYTES) await sink.write(line)
      else if (typeof line === 'string') used += block.write(line, used)
      else {
        block.set(line, used)
        used += line.length
      }
      used += block.write('\n', used)
    },
    byteSize: () => byteSize,
    end: flush,
  }
}
