import { z } from 'zod'
import type { BenchmarkName } from '../../benchmarks/benchmark.ts'
import { completeRunLabel } from '../../benchmarks/run-label.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'

const Run = z.object({
  label: z.string(),
  benchmark: z.string(),
  editor: z.object({ id: z.string() }),
  thinker: z.object({ id: z.string() }).nullable(),
  batch: z.object({ total: z.number(), queued: z.number(), running: z.number() }),
})

/** A run of a benchmark as its judging and its report need it. */
export type BenchRun = { label: string; editor: string; thinker: string | null; unfinished: number }

const document = `query BenchRun($label: String!) {
  benchmarkRun(label: $label) { label benchmark editor { id } thinker { id } batch { total queued running } }
}`

/** The run of that label or fingerprint. Throws CliError where there is none, or it is of another benchmark. */
export async function loadBenchRun(api: ApiClient, benchmark: BenchmarkName, named: string): Promise<BenchRun> {
  const label = completeRunLabel(benchmark, named)
  const { benchmarkRun: run } = await api.run(document, { label }, z.object({ benchmarkRun: Run.nullable() }))
  if (run === null) throw new CliError(`There is no run ${label}. "pentimento bench run" prints the label of each.`)
  if (run.benchmark !== benchmark.toUpperCase()) {
    throw new CliError(`${label} is a run of ${run.benchmark.toLowerCase()}, not of ${benchmark}.`)
  }
  const { editor, thinker, batch } = run
  return { label, editor: editor.id, thinker: thinker?.id ?? null, unfinished: batch.queued + batch.running }
}

const JudgeRuns = z.object({
  judgeRuns: z.object({
    edges: z.array(
      z.object({
        node: z.object({ id: z.string(), name: z.string(), status: z.string(), model: z.object({ id: z.string() }) }),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})

const judgeRunsDocument = `query JudgeRuns($namePrefix: String!, $after: String) {
  judgeRuns(namePrefix: $namePrefix, first: 100, after: $after) {
    edges { node { id name status model { id } } } pageInfo { hasNextPage endCursor }
  }
}`

/** A judge run of a benchmark's run. */
export type BenchJudgeRun = { id: string; name: string; status: string; model: string }

/** What judge runs of a benchmark's run are called; `templates`: the hash of those that it brought. */
export function toJudging(label: string, model: string, templates: string | null): string {
  return `${label} by ${model}${templates === null ? '' : ` with templates ${templates}`}`
}

/** The judge runs whose name begins so, newest first. */
export async function loadJudgeRuns(api: ApiClient, namePrefix: string): Promise<BenchJudgeRun[]> {
  const found: BenchJudgeRun[] = []
  for (let after: string | null = null; ; ) {
    const { judgeRuns }: z.infer<typeof JudgeRuns> = await api.run(judgeRunsDocument, { namePrefix, after }, JudgeRuns)
    found.push(...judgeRuns.edges.map(({ node }) => ({ ...node, model: node.model.id })))
    after = judgeRuns.pageInfo.endCursor
    if (!judgeRuns.pageInfo.hasNextPage) return found
  }
}
