import { join } from 'node:path'
import { SingleBar } from 'cli-progress'
import pLimit from 'p-limit'
import { type BenchmarkName, toItemId } from '../../benchmarks/benchmark.ts'
import { CliError } from '../cli-error.ts'
import { printJson, type Session } from '../session.ts'
import { writeAtomically } from '../write-atomically.ts'
import { claimResultsFolder } from './claim-results-folder.ts'
import { readItem } from './read-item.ts'
import { loadResultRun, type ResultJob, readResultJobs } from './result-jobs.ts'
import { type SampleTarget, writeSample } from './write-sample.ts'

const SAMPLES_AT_ONCE = 4

/** Which run, of which benchmark where that was said, goes where. */
export type ResultsWish = {
  label: string
  benchmark?: BenchmarkName
  folder: string
  select: 'best' | 'last'
}

/** What processing_summary.json says of a sample. */
type Result = { status: 'success' | 'error'; key: string } & Record<string, unknown>

/** How many samples are there, of them written now, how many failed or have not ended. */
type Written = { success: number; written: number; error: number; unfinished: number }

/**
 * Writes the pictures of a run in the layout of the paper's script, with a meta file for each item and a summary; what is
 * there is left alone, so that it goes on where it was stopped. Throws CliError for a folder of other results.
 */
export async function writeResults({ api, isJson }: Session, wish: ResultsWish): Promise<Written> {
  const { label, benchmark, folder, select } = wish
  const run = await loadResultRun(api, label, benchmark)
  await claimResultsFolder(folder, run, select)
  const counts: Written = { success: 0, written: 0, error: 0, unfinished: 0 }
  const bar = new SingleBar({
    ...{ format: 'Write {bar} {value}/{total} items', clearOnComplete: true, hideCursor: true },
    ...{ stream: process.stderr, noTTYOutput: false, stopOnComplete: false },
  })
  if (!isJson) bar.start(run.batch.total, 0)
  const results: Result[] = []
  const limit = pLimit(SAMPLES_AT_ONCE)
  try {
    for await (const jobs of readResultJobs(api, label)) {
      const made = await Promise.all(
        jobs.map(job => limit(async () => toResult(await writeJob(job, { folder, run, select })))),
      )
      results.push(...made.flat())
    }
  } finally {
    limit.clearQueue()
    bar.stop()
  }
  // Oldest first, as the items are listed.
  results.reverse()
  const summary = {
    ...{ total: results.length, success: counts.success, skipped: 0, error: counts.error },
    satisfied: results.filter(result => result.is_satisfied === true).length,
    results,
  }
  await writeAtomically(join(folder, 'final', 'processing_summary.json'), JSON.stringify(summary, null, 2))
  if (isJson) printJson({ __typename: 'Results', label, folder, select, ...counts })
  else console.log(`${toText(counts)}: ${folder}`)
  return counts

  function toResult(result: Result | null): Result[] {
    bar.increment()
    if (result === null) counts.unfinished++
    else counts[result.status]++
    return result === null ? [] : [result]
  }

  async function writeJob(job: ResultJob, target: SampleTarget): Promise<Result | null> {
    if (job.status === 'QUEUED' || job.status === 'RUNNING') return null
    const item = readItem(job.metadata)
    if (item === null) return { status: 'error', key: job.id, error: 'The job is no item of a benchmark.' }
    const { key } = item
    if (job.status !== 'SUCCEEDED') {
      return { status: 'error', key, error: job.error?.message ?? 'The job was canceled.' }
    }
    try {
      const sample = await writeSample(api, { job, item }, target)
      if (sample.isNew) counts.written++
      const { isSatisfied: is_satisfied, finalTurn: final_turn, outputPath: output_path } = sample
      return { status: 'success', key, is_satisfied, final_turn, output_path }
    } catch (error) {
      if (!(error instanceof CliError)) throw error
      throw new CliError(`${toItemId(item)}: ${error.message}`, { code: error.code, cause: error })
    }
  }
}

function toText({ success, written, error, unfinished }: Written): string {
  const there = success - written
  return [
    `${success} items in the layout of the paper${there > 0 ? ` (${there} were there)` : ''}`,
    ...(error > 0 ? [`${error} failed`] : []),
    ...(unfinished > 0 ? [`${unfinished} have not ended`] : []),
  ].join(', ')
}
