import { Command, Option } from 'commander'
import type { BenchmarkName } from '../../benchmarks/benchmark.ts'
import { completeRunLabel, parseRunLabel, toRunLabel } from '../../benchmarks/run-label.ts'
import { CliError, UsageError } from '../cli-error.ts'
import { openSession } from '../session.ts'
import { benchmarkArgument } from './benchmark-argument.ts'
import { writeResults } from './write-results.ts'

type Options = { run: string; out: string; select: 'best' | 'last' }

const help = `
The folder is that of the paper's script: turn1, turn2 ... and final, each with the pictures of every item, and in final
{key}_meta.json and processing_summary.json, so that the authors' own evaluation scripts run on it. An item that stopped
early is in the later turns with its last picture. Every picture is a PNG.

With --select best the result of an item is its best round, with --select last its last one, as with the script. Both can be
had of one run, in two folders. The same command again goes on where it was stopped.`

/** `pentimento bench results`. */
export function benchResultsCommand(): Command {
  return new Command('results')
    .description('write the pictures of a run in the layout of the paper')
    .addArgument(benchmarkArgument())
    .requiredOption('--run <run>', 'the label of the run, or its fingerprint alone')
    .requiredOption('--out <folder>', 'a new folder, or one of the same results')
    .addOption(new Option('--select <round>', 'which round is the result').choices(['best', 'last']).default('best'))
    .addHelpText('after', help)
    .action(async (benchmark: BenchmarkName, { run, out, select }: Options, command: Command) => {
      const wish = { benchmark, label: toLabel(benchmark, run), folder: out, select }
      const { error, unfinished } = await writeResults(openSession(command), wish)
      if (error + unfinished === 0) return
      const parts = [error > 0 && `${error} failed`, unfinished > 0 && `${unfinished} have not ended`]
      const text = `Not every item has results: ${parts.filter(Boolean).join(', ')}. processing_summary.json names those that failed.`
      throw new CliError(text, { code: 'ITEMS_FAILED' })
    })
}

/** The label of a run that is named by its label or its fingerprint. Throws UsageError for one of another benchmark. */
function toLabel(benchmark: BenchmarkName, run: string): string {
  const label = completeRunLabel(benchmark, run)
  if (parseRunLabel(label)?.benchmark === benchmark) return label
  throw new UsageError(`${run} is no run of ${benchmark}: it must be like ${toRunLabel(benchmark, '0123456789ab')}.`)
}
