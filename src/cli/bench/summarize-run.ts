import { z } from 'zod'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'
import { formatTable } from '../format-table.ts'
import { outlastServer } from '../outlast-server.ts'
import { printJson, type Session } from '../session.ts'
import { BatchCounts, countFields } from './follow-batch.ts'
import { listUnfinished, type UnfinishedJob } from './list-unfinished.ts'
import type { RefusedItem } from './start-items.ts'

const document = `query RunCounts($label: String!) {
  benchmarkRun(label: $label) { batch { ${countFields} } taskTypes { taskType language ${countFields} } }
}`
const Data = z.object({
  benchmarkRun: z
    .object({
      batch: BatchCounts,
      taskTypes: z.array(BatchCounts.extend({ taskType: z.string(), language: z.string() })),
    })
    .nullable(),
})

/** Tells how a run went, by task type; gives the jobs that did not succeed, and how many items there are. */
export async function summarizeRun(
  { api, isJson }: Session,
  label: string,
): Promise<{ failed: UnfinishedJob[]; count: number }> {
  const { batch, taskTypes } = await loadCounts(api, label)
  const failed = batch.failed + batch.canceled > 0 ? await listUnfinished(api, label, ['FAILED', 'CANCELED']) : []
  if (isJson) {
    printJson({ __typename: 'RunSummary', label, ...batch, taskTypes, unfinished: failed })
  } else {
    const toRow = (name: string, language: string, counts: BatchCounts) => [
      ...[name, language, String(counts.total), String(counts.succeeded)],
      ...[String(counts.failed), String(counts.canceled)],
    ]
    const rows = taskTypes.map(({ taskType, language, ...counts }) => toRow(taskType, language, counts))
    const head = ['task type', 'language', 'items', 'succeeded', 'failed', 'canceled']
    console.log(formatTable({ head, rows: [...rows, toRow('all', '', batch)], flexible: 0 }))
  }
  return { failed, count: batch.total }
}

async function loadCounts(api: ApiClient, label: string) {
  const { benchmarkRun } = await outlastServer(() => api.run(document, { label }, Data))
  if (benchmarkRun === null) throw new CliError(`There is no run ${label}.`, { code: 'NOT_FOUND' })
  return benchmarkRun
}

const NAMED = 50

/** Throws CliError that names the items which did not succeed, where there are any. */
export function throwUnfinished(run: {
  refused: readonly RefusedItem[]
  failed: readonly UnfinishedJob[]
  count: number
}): void {
  const { refused, failed, count } = run
  const lines = [
    ...refused.map(({ item, problem }) => `  ${item} was not started: ${problem}`),
    ...failed.map(({ item, problem }) => `  ${item} failed: ${problem}`),
  ]
  if (lines.length === 0) return
  const shown = lines.slice(0, NAMED)
  const more = lines.length > NAMED ? [`  and ${lines.length - NAMED} more`] : []
  const way = failed.length > 0 ? ['--retry-failed lets those go on that failed.'] : []
  const head = `${lines.length} of ${count + refused.length} items did not succeed:`
  throw new CliError([head, ...shown, ...more, ...way].join('\n'), { code: 'ITEMS_FAILED' })
}
