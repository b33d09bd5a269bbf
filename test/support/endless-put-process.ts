// A process that is killed in the middle of a put: it writes half of an object and then waits. Argument: the store's folder.

import { PassThrough } from 'node:stream'
import { directoryStorage } from '../../src/storage/directory-storage.ts'

const root = process.argv[2] ?? ''
const storage = directoryStorage({ root, secret: 'secret', publicUrl: 'http://127.0.0.1' })
const body = new PassThrough()
body.write(Buffer.alloc(10_000))
setInterval(() => {}, 60_000)
await storage.put('a/half.png', body, { contentType: 'image/png', byteSize: 20_000 })
