import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import { z } from 'zod'
import type { BenchmarkName } from '../../benchmarks/benchmark.ts'
import { UsageError } from '../cli-error.ts'
import { parseScore } from '../jobs/run-job.ts'
import { openSession, parseObject, parseWholeNumber, printJson, type Session } from '../session.ts'
import { benchmarkArgument } from './benchmark-argument.ts'
import { followBatch } from './follow-batch.ts'
import { type ItemChoice, loadItems } from './load-items.ts'
import { retryFailed } from './retry-failed.ts'
import { type RunInput, startItems } from './start-items.ts'
import { summarizeRun, throwUnfinished } from './summarize-run.ts'
import { writeResults } from './write-results.ts'

type Options = ItemChoice & {
  editor: string
  thinker?: string
  rounds?: number
  firstRound?: string
  candidates?: number
  threshold?: number
  patience?: number
  editFrom?: string
  seed?: number
  critique: boolean
  editorParameters?: Record<string, unknown>
  variant?: string
  retryFailed?: true
  out?: string
  select: 'best' | 'last'
}

const help = `
The folder is the one that the authors publish; docs/benchmarks.md tells where each is and how it is laid out. Everything
that is missing in it is named at once, and nothing is started then.

A run is a batch of jobs. Its label, bench/<benchmark>/<fingerprint>, names the configuration: benchmark, editor, thinker,
settings and variant. It goes on without this command. The same command again, after whatever stopped it, does nothing
twice: it finds the pictures and jobs that are there, starts the others and follows the run to its end. Items in another
language, or more of them, join the same run. Several runs may go on at once.

The command ends with 1 if an item failed or could not be started, and names it.`

/** `pentimento bench run`. */
export function benchRunCommand(): Command {
  return new Command('run')
    .description('edit the items of a benchmark, and watch the run to its end; again: go on')
    .addArgument(benchmarkArgument())
    .requiredOption('--data <folder>', 'the folder of the benchmark')
    .requiredOption('--editor <model>', 'the model that edits')
    .option('--thinker <model>', 'the model that judges and refines')
    .option('--rounds <n>', 'the most rounds an item (default: 5)', parseWholeNumber(1, 20))
    .addOption(
      new Option('--first-round <how>', 'how an item begins (default: direct)').choices([
        'direct',
        'polish',
        'evaluate',
      ]),
    )
    .option('--candidates <n>', 'pictures a round, of which the best goes on (default: 1)', parseWholeNumber(1, 8))
    .option('--threshold <score>', 'satisfied needs both scores to reach this (default: 8)', parseScore)
    .option('--patience <n>', 'stop after so many rounds without a gain', parseWholeNumber(1, 20))
    .addOption(
      new Option('--edit-from <what>', 'what each round edits (default: source)').choices([
        'source',
        'previous',
        'best',
      ]),
    )
    .option(
      '--seed <n>',
      'the seed of every first round (default: drawn for each item)',
      parseWholeNumber(0, 2_147_483_646),
    )
    .option('--no-critique', 'one edit an item and no thinker: the baseline alone')
    .option('--editor-parameters <json>', 'parameters of the editor', parseObject)
    .option('--variant <text>', 'what else tells this run from others of the same settings, such as "second try"')
    .addOption(
      new Option('--language <language>', 'items in which language').choices(['en', 'cn', 'all']).default('en'),
    )
    .option('--limit <n>', 'only the first so many items', parseWholeNumber(1, 1_000_000))
    .option('--skip-bad', 'leave out the items that something is wrong with, and name them')
    .option('--raw-pictures', 'gedit: edit input_image_raw instead of input_image')
    .option(
      '--first-picture',
      'kris: give the editor only the first picture of an item that has several, as the paper does',
    )
    .option('--retry-failed', 'let the items go on that failed')
    .option('--out <folder>', 'write the pictures in the layout of the paper, as "bench results" does')
    .addOption(
      new Option('--select <round>', 'with --out: which round is the result').choices(['best', 'last']).default('best'),
    )
    .addHelpText('after', help)
    .action(async (name: BenchmarkName, options: Options, command: Command) => {
      await run(openSession(command), name, options)
    })
}

async function run(session: Session, name: BenchmarkName, options: Options): Promise<void> {
  const input = toInput(name, options)
  const { items, problems } = await loadItems(name, options)
  for (const line of problems) console.error(`Skipped ${line}`)
  const { api, isJson } = session
  // Whether there is a server, before anything waits for one to come back.
  await api.run('{ __typename }', {}, z.unknown())

  const bar = new SingleBar({
    ...{ format: 'Start {bar} {value}/{total} items', clearOnComplete: true, hideCursor: true },
    ...{ stream: process.stderr, noTTYOutput: false, stopOnComplete: false },
  })
  if (!isJson) bar.start(items.length, 0)
  const started = await startItems(api, input, { items, tell: done => bar.update(done) }).finally(() => bar.stop())
  const { label, refused } = started
  if (label === null) return throwUnfinished({ refused, failed: [], count: 0 })
  if (!isJson) console.log(`Run ${label}: ${items.length - refused.length} items`)
  const retried = options.retryFailed ? await retryFailed(api, label) : 0
  if (isJson) {
    const { fingerprint } = started
    printJson({ __typename: 'BenchmarkRun', label, fingerprint, items: items.length - refused.length, retried })
  } else if (retried > 0) console.log(`${retried} failed before and ${retried === 1 ? 'goes' : 'go'} on.`)

  await followBatch(session, label)
  const { failed, count } = await summarizeRun(session, label)
  if (options.out !== undefined) {
    await writeResults(session, { label, folder: options.out, select: options.select })
  }
  throwUnfinished({ refused, failed, count })
}

function toInput(benchmark: BenchmarkName, options: Options): RunInput {
  const { editor, thinker, critique, rounds, firstRound, candidates, threshold, patience, editFrom, seed } = options
  if (critique && thinker === undefined) throw new UsageError('Name the thinker with --thinker, or say --no-critique.')
  if (options.rawPictures && benchmark !== 'gedit') throw new UsageError('--raw-pictures goes with gedit.')
  if (options.firstPicture && benchmark !== 'kris') throw new UsageError('--first-picture goes with kris.')
  // Other pictures give other results, so they are part of what a run is told apart by.
  const variants = [options.rawPictures && 'raw pictures', options.firstPicture && 'first picture', options.variant]
  return {
    ...{ benchmark, editor, thinker: critique ? thinker : undefined },
    settings: {
      ...{ maxRounds: rounds, candidates, seed, critique, editorParameters: options.editorParameters },
      ...{ firstRound: firstRound?.toUpperCase(), editFrom: editFrom?.toUpperCase() },
      stop: { semanticAtLeast: threshold, qualityAtLeast: threshold, patience },
    },
    variant: variants.filter(Boolean).join(', ') || undefined,
  }
}
