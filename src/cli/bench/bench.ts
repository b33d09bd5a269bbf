import { Command } from 'commander'
import { benchJudgeCommand } from './bench-judge.ts'
import { benchReportCommand } from './bench-report.ts'
import { benchResultsCommand } from './bench-results.ts'
import { benchRunCommand } from './bench-run.ts'

/** `pentimento bench`: the paper's benchmarks, from their folders to tables. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('run the benchmarks of the paper: GEdit, ImgEdit, KRIS and RISE')
    .addCommand(benchRunCommand())
    .addCommand(benchResultsCommand())
    .addCommand(benchJudgeCommand())
    .addCommand(benchReportCommand())
}
