import { z } from 'zod'
import type { BenchmarkItem } from '../../benchmarks/benchmark.ts'

/** What of an item names it. */
export type ItemName = Pick<BenchmarkItem, 'key' | 'taskType' | 'language'>

const Metadata = z.object({
  benchmark: z.object({ key: z.string(), taskType: z.string(), language: z.enum(['en', 'cn']) }),
})

/** The item that a job was made of, by its metadata; null: of none. */
export function readItem(metadata: unknown): ItemName | null {
  return Metadata.safeParse(metadata).data?.benchmark ?? null
}
