import { pack } from 'tar-stream'
import type { Sink } from './export-format.ts'

/** The time of every member: an archive made again must be the same. */
export const TAR_TIME: Date = new Date(0)

const BLOCK_BYTES = 512
/** What ends an archive. */
export const TAR_END_BYTES: number = 2 * BLOCK_BYTES

/** How many bytes a member takes: a header and its content, filled up to whole blocks. Holds for names up to 100 bytes. */
function memberBytes(byteSize: number): number {
  return BLOCK_BYTES + Math.ceil(byteSize / BLOCK_BYTES) * BLOCK_BYTES
}

/** A tar file in the writing. */
export type TarWriter = { add(name: string, bytes: Buffer): Promise<void>; byteSize(): number; end(): Promise<void> }

/** Writes a tar file of members in memory, one at a time; the same members give the same bytes. */
export function packTar(sink: Sink): TarWriter {
  const tar = pack()
  let byteSize = 0
  const writing = (async () => {
    for await (const chunk of tar as AsyncIterable<Buffer>) await sink.write(chunk)
  })()
  writing.catch(error => tar.destroy(error))

  return {
    async add(name, bytes) {
      const added = new Promise<void>((resolve, reject) => {
        const header = { name, size: bytes.length, mode: 0o644, mtime: TAR_TIME }
        tar.entry(header, error => (error ? reject(error) : resolve())).end(bytes)
      })
      added.catch(() => {}) // a sink that failed says more
      await Promise.race([added, writing.then(() => added)])
      byteSize += memberBytes(bytes.length)
    },
    byteSize: () => byteSize,
    async end() {
      tar.finalize()
      await writing
    },
  }
}
