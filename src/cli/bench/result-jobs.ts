import { z } from 'zod'
import { type BenchmarkName, benchmarkNames } from '../../benchmarks/benchmark.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import { outlastServer } from '../outlast-server.ts'

const JOBS_A_PAGE = 20

const runDocument = `query ResultRun($label: String!) {
  benchmarkRun(label: $label) {
    label benchmark fingerprint variant editor { id } thinker { id } batch { total queued running }
  }
}`
const Run = z.object({
  label: z.string(),
  benchmark: z
    .string()
    .transform(name => name.toLowerCase())
    .pipe(z.enum(benchmarkNames)),
  fingerprint: z.string(),
  variant: z.string().nullable(),
  editor: z.object({ id: z.string() }),
  thinker: z.object({ id: z.string() }).nullable(),
  batch: z.object({ total: z.number(), queued: z.number(), running: z.number() }),
})
/** A run, as far as a folder of its results names it. */
export type ResultRun = z.infer<typeof Run>

const image = 'id sha256 contentType url(format: PNG)'
const jobsDocument = `query ResultJobs($label: String!, $after: String) {
  jobs(first: ${JOBS_A_PAGE}, after: $after, filter: { batch: $label }) {
    edges { node {
      id status run stopReason instruction metadata error { message } editor { id } thinker { id }
      settings { firstRound maxRounds critique stop { semanticAtLeast qualityAtLeast } }
      source { ${image} } bestRound { id }
      rounds {
        id index candidate status prompt promptSource seed isSatisfied editor { id } image { ${image} }
        critique { semantic quality overall isSatisfied errorCode reasoning refinedPrompt }
      }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`
const Image = z.object({ id: z.string(), sha256: z.string(), contentType: z.string(), url: z.string() })
/** A picture; `url` leads to it as a PNG, which are its stored bytes where it is stored as that. */
export type ResultImage = z.infer<typeof Image>

const score = z.number().nullable()
const Job = z.object({
  id: z.string(),
  status: z.enum(['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED']),
  run: z.number(),
  stopReason: z.string().nullable(),
  instruction: z.string(),
  metadata: z.unknown(),
  error: z.object({ message: z.string() }).nullable(),
  editor: z.object({ id: z.string() }),
  thinker: z.object({ id: z.string() }).nullable(),
  settings: z.object({
    firstRound: z.string(),
    maxRounds: z.number(),
    critique: z.boolean(),
    stop: z.object({ semanticAtLeast: z.number(), qualityAtLeast: z.number() }),
  }),
  source: Image.nullable(),
  bestRound: z.object({ id: z.string() }).nullable(),
  rounds: z.array(
    z.object({
      id: z.string(),
      index: z.number(),
      candidate: z.number(),
      status: z.enum(['PENDING', 'EDITED', 'CRITIQUED', 'FAILED', 'CANCELED']),
      prompt: z.string(),
      promptSource: z.enum(['INSTRUCTION', 'POLISHED', 'REFINED', 'USER']),
      seed: z.number().nullable(),
      isSatisfied: z.boolean().nullable(),
      editor: z.object({ id: z.string() }),
      image: Image.nullable(),
      critique: z
        .object({
          ...{ semantic: score, quality: score, overall: score },
          isSatisfied: z.boolean().nullable(),
          errorCode: z.string().nullable(),
          reasoning: z.string().nullable(),
          refinedPrompt: z.string().nullable(),
        })
        .nullable(),
    }),
  ),
})
/** A job of a run with everything a folder of results tells of it. */
export type ResultJob = z.infer<typeof Job>

const Page = z.object({
  jobs: z.object({
    edges: z.array(z.object({ node: Job })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
})

/** The run of this label. Throws CliError where the tenant has none, or it is of another benchmark than asked for. */
export async function loadResultRun(api: ApiClient, label: string, benchmark?: BenchmarkName): Promise<ResultRun> {
  const Data = z.object({ benchmarkRun: Run.nullable() })
  const { benchmarkRun } = await outlastServer(() => api.run(runDocument, { label }, Data))
  if (benchmarkRun === null || (benchmark !== undefined && benchmarkRun.benchmark !== benchmark)) {
    throw new CliError(`There is no run ${label}${benchmark ? ` of ${benchmark}` : ''}.`, { code: 'NOT_FOUND' })
  }
  return benchmarkRun
}

/** Its jobs, a page at a time as they are asked for, newest first; links are those of the moment. */
export async function* readResultJobs(api: ApiClient, label: string): AsyncGenerator<ResultJob[], void, undefined> {
  const load = (after: string | null) => outlastServer(() => api.run(jobsDocument, { label, after }, Page))
  for (let after: string | null = null; ; ) {
    const { jobs }: z.infer<typeof Page> = await load(after)
    yield jobs.edges.map(({ node }) => node)
    if (!jobs.pageInfo.hasNextPage) return
    after = jobs.pageInfo.endCursor
  }
}
