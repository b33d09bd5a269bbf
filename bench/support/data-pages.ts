import { execute, parse } from 'graphql'
import { makeContext } from '../../schema/context.ts'
import { schema } from '../../schema/index.ts'
import type { Deps } from '../../src/deps.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { type PageQuestion, pageQuestions } from './page-questions.ts'
import { percentile } from './percentile.ts'
import { printRow, printTitle } from './report.ts'

const WARM_UP = 3
const DEEP_PAGE = 1_000
const PAGE = 50

const content = `id instruction editor { id } rounds {
  index prompt seed isSatisfied critiques { source by semantic quality overall reasoning refinedPrompt }
}`
const trajectories = parse(`query($filter: TrajectoryFilter, $orderBy: TrajectoryOrder, $after: String) {
  trajectories(filter: $filter, orderBy: $orderBy, after: $after, first: ${PAGE}) {
    edges { cursor node { rounds firstOverall bestOverall lastOverall gain variance job { ${content} } } }
  }
}`)
const jobs = parse(`{ jobs(first: ${PAGE}) { edges { cursor node { ${content} } } } }`)
const places = parse(`query($orderBy: TrajectoryOrder, $after: String) {
  trajectories(orderBy: $orderBy, after: $after, first: 100) { pageInfo { endCursor } }
}`)

/**
 * Pages of 50 trajectories with all rounds and critiques, from the operation to its answer: each of the committed
 * questions in turn, `runs` times; and the thousandth page beside the first. Baseline: the plain page of 50 jobs.
 */
export async function benchPages(deps: Deps, caller: Caller, runs: number): Promise<void> {
  const ask = async (document: ReturnType<typeof parse>, variableValues: Record<string, unknown> = {}) => {
    const contextValue = makeContext(deps, caller)
    const { data, errors } = await execute({ schema, document, variableValues, contextValue })
    if (errors?.[0]) throw errors[0]
    return data as Record<string, { edges?: unknown[]; pageInfo?: { endCursor: string } }> // of these documents
  }
  const baseline = { name: 'plain page of jobs', run: () => ask(jobs) }
  const toRun = ({ name, ...variables }: PageQuestion) => ({ name, run: () => ask(trajectories, variables) })
  const questions = pageQuestions.map(toRun)
  const times = await measure([baseline, ...questions], runs)

  printTitle(`pages of ${PAGE} with rounds and critiques, ${runs} runs each`)
  for (const { name, run } of [baseline, ...questions]) {
    const found = Object.values(await run())[0]?.edges?.length ?? 0
    printRow(name, `${show(times.get(name))}   ${found} found`)
  }
  const all = questions.flatMap(({ name }) => times.get(name) ?? [])
  printRow('all questions', show(all))
  const p95 = (name: string) => percentile(times.get(name) ?? [], 0.95)
  const [slowest] = questions.map(({ name }) => name).sort((a, b) => p95(b) - p95(a))
  if (slowest === undefined) throw new Error('There are no questions.')
  const ratio = p95(slowest) / p95(baseline.name)
  printRow('the slowest', `"${slowest}": p95 ${p95(slowest).toFixed(1)} ms, ${ratio.toFixed(2)} times the plain page's`)

  for (const { name, orderBy } of pageQuestions.slice(0, 2)) {
    let after: string | null = null
    for (let n = 0; n < ((DEEP_PAGE - 1) * PAGE) / 100; n++) {
      const next: string | undefined = (await ask(places, { orderBy, after })).trajectories?.pageInfo?.endCursor
      if (next === undefined) break // the list is shorter
      after = next
    }
    const pair = [
      { name: 'first', run: () => ask(trajectories, { orderBy }) },
      { name: 'deep', run: () => ask(trajectories, { orderBy, after }) },
    ]
    const both = await measure(pair, runs)
    const [first, deep] = [both.get('first'), both.get('deep')]
    const medians = [deep, first].map(list => percentile(list ?? [], 0.5))
    printRow(
      `page ${DEEP_PAGE}`,
      `${show(deep)}, the first ${show(first)}: ${((medians[0] ?? 0) / (medians[1] ?? 1)).toFixed(2)} times (${name})`,
    )
  }
}

/** Milliseconds of each, in turn, so that whatever else the machine does meets all of them. */
async function measure(
  tasks: readonly { name: string; run(): Promise<unknown> }[],
  runs: number,
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(tasks.map(({ name }) => [name, []]))
  for (let n = -WARM_UP; n < runs; n++) {
    for (const { name, run } of tasks) {
      const startedAt = performance.now()
      await run()
      if (n >= 0) times.get(name)?.push(performance.now() - startedAt)
    }
  }
  return times
}

function show(times: readonly number[] = []): string {
  const [p50, p95] = [0.5, 0.95].map(share => percentile(times, share).toFixed(1).padStart(5))
  return `p50 ${p50} ms  p95 ${p95} ms`
}
