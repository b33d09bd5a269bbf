// A process whose files may not grow beyond the limit its shell set (`ulimit -f`): to us the same as a full disk. Prints one
// JSON line: what each attempt came to. Arguments: the folder of the store.

import { join } from 'node:path'
import { Readable } from 'node:stream'
import { defaultImageLimits as limits } from '../../src/images/image-limits.ts'
import { normalizeImage } from '../../src/images/normalize-image.ts'
import { spoolToFile } from '../../src/images/spool.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { noise } from './pictures.ts'

const root = process.argv[2] ?? ''
const directory = join(root, 'spool')
const storage = directoryStorage({ root, secret: 'secret', publicUrl: 'http://127.0.0.1' })

const put = (key: string, byteSize: number) =>
  storage.put(key, Readable.from([Buffer.alloc(byteSize)]), { contentType: 'image/png', byteSize })
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
  )
const dressed = await noise(700, 700).png().withXmp('<x/>').toBuffer()

const outcomes = {
  small: await nameOf(put('a/small.png', 1_000)),
  large: await nameOf(put('a/large.png', 1_000_000)),
  smallAgain: await nameOf(put('a/again.png', 1_000)),
  spool: await nameOf(spoolToFile(Readable.from([Buffer.alloc(1_000_000)]), { maxBytes: 2_000_000, directory })),
  normalize: await nameOf(normalizeImage(dressed, { limits, directory })),
}
process.stdout.write(`${JSON.stringify(outcomes)}\n`)
