import type { Logger } from 'pino'
import type { Db } from '../src/db.ts'
import { fallBack, findBrokenEditors } from '../src/jobs/fall-back.ts'

/** So long an editor must have had no healthy endpoint: a restart, or a worker's takeover of it, is waited for. */
const BROKEN_MS = 10_000

/** Gives the look that moves edits to fallback editors; to be called every few seconds. Any number of workers may. */
export function makeFallbackWatch(db: Db, { log, brokenMs = BROKEN_MS }: { log: Logger; brokenMs?: number }) {
  let brokenSince = new Map<string, number>()
  return async (): Promise<void> => {
    const now = performance.now()
    const broken = await findBrokenEditors(db)
    brokenSince = new Map(broken.map(editor => [editor, brokenSince.get(editor) ?? now]))
    for (const [editor, since] of brokenSince) {
      if (now - since < brokenMs) continue
      const edits = await fallBack(db, editor)
      if (edits > 0) log.warn({ editor, edits }, 'an editor has no healthy endpoint: edits went to fallback editors')
    }
  }
}
