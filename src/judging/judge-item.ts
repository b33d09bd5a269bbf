import { z } from 'zod'
import { type BenchmarkItem, type BenchmarkName, benchmarkNames, type PlainJson } from '../benchmarks/benchmark.ts'

/** The item of a benchmark that a job was made of. `pictures`: the names of those that are for the judge alone. */
export type JudgeItem = { name: BenchmarkName; pictures: string[] } & Pick<
  BenchmarkItem,
  'key' | 'taskType' | 'language' | 'facts'
>

const text = z.string().min(1)
const plainJson: z.ZodType<PlainJson> = z.json()

const itemRule: z.ZodType<JudgeItem> = z.object({
  name: z.enum(benchmarkNames),
  key: text,
  taskType: text,
  language: z.enum(['en', 'cn']),
  facts: z.record(z.string(), plainJson).default({}),
  pictures: z
    .record(text, z.unknown())
    .default({})
    .transform(pictures => Object.keys(pictures)),
})

/** From what a job's metadata has under `benchmark`: see startRun. Null: no item can be read there. */
export function readItem(benchmark: unknown): JudgeItem | null {
  return itemRule.safeParse(benchmark).data ?? null
}
