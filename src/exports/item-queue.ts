import type { Db } from '../db.ts'
import type { ExportItem } from './export-format.ts'
import { type ItemSource, readItems } from './read-items.ts'

/** Samples in order, looked at one by one; `peek` gives null at the end. */
export type ItemQueue = { peek(): Promise<ExportItem | null>; shift(): void; close(): Promise<void> }

/** The samples of a split from a position on, a page or two of them in memory. */
export function itemQueue(db: Db, source: ItemSource, from: number): ItemQueue {
  const pages = readItems(db, source, from)
  let page: ExportItem[] = []
  let index = 0
  return {
    async peek() {
      while (index >= page.length) {
        const next = await pages.next()
        if (next.done) return null
        page = next.value
        index = 0
      }
      return page[index] ?? null
    },
    shift() {
      index++
    },
    async close() {
      await pages.return()
    },
  }
}
