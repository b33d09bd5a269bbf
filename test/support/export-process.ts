// A process that writes exports, with a clock of its own: `node … export-process.ts URL STORE HANG_AT EXPORT...`. It says
// "hangs" when it is about to store file HANG_AT (from 1; 0: never), and waits there to be killed; else "done".

import { v7 } from 'uuid'
import { connectDb } from '../../src/db.ts'
import { exportWork } from '../../src/exports/export-work.ts'
import { directoryStorage } from '../../src/storage/directory-storage.ts'
import { exportDeps } from './export-setup.ts'
import { silentLog } from './silent-log.ts'

const SHIFT_MS = 400 * 86_400_000
const [url = '', root = '', hangAt = '0', ...exportIds] = process.argv.slice(2)

// Whoever asks for the time is told another one.
const RealDate = Date
class ShiftedDate extends RealDate {
  static override now(): number {
    return RealDate.now() + SHIFT_MS
  }
  constructor(...given: number[]) {
    super(...((given.length === 0 ? [ShiftedDate.now()] : given) as [number])) // as many as a Date takes
  }
}
globalThis.Date = ShiftedDate as DateConstructor // which nobody calls without `new`

const db = connectDb({ url, log: silentLog })
const storage = directoryStorage({ root, secret: 'another secret', publicUrl: 'http://elsewhere' })
let puts = 0
const hanging: typeof storage = {
  ...storage,
  async put(...args) {
    if (++puts !== Number(hangAt)) return await storage.put(...args)
    process.stdout.write('hangs\n')
    return await new Promise<never>(() => setInterval(() => {}, 1_000))
  },
}
const work = exportWork(exportDeps({ db, storage: hanging, directory: `${root}/spool` }))
for (const id of exportIds) {
  const owner = v7()
  await db.query('update export set owner = $2 where id = $1', [id, owner])
  await work.run({ id, owner, signal: new AbortController().signal })
}
await db.close()
process.stdout.write('done\n')
