// The `pentimento` command. It ends with 0 when it did what was asked, 1 when that failed and 2 when the command line
// cannot be meant.

import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { version } from '../version.ts'
import { benchCommand } from './bench/bench.ts'
import { CliError, UsageError } from './cli-error.ts'
import { datasetCommand } from './datasets/dataset.ts'
import { exportCommand } from './datasets/export.ts'
import { fleetCommand } from './fleet/fleet.ts'
import { cancelCommand } from './jobs/cancel.ts'
import { editCommand } from './jobs/edit.ts'
import { fillCommand } from './jobs/fill.ts'
import { generateCommand } from './jobs/generate.ts'
import { jobsCommand } from './jobs/jobs.ts'
import { showCommand } from './jobs/show.ts'
import { watchCommand } from './jobs/watch.ts'
import { judgeCommand } from './judging/judge.ts'
import { keysCommand } from './keys.ts'
import { serveCommand } from './serve.ts'
import { importCommand } from './trajectories/import.ts'
import { trajectoriesCommand } from './trajectories/trajectories.ts'
import { whatIfCommand } from './trajectories/what-if.ts'

const program = new Command('pentimento')
  .description('Edit images by Think-while-Edit: critique the result, refine the instruction, edit again.')
  .version(version)
  .option('--server <url>', 'where the server is (PENTIMENTO_SERVER; default: http://127.0.0.1:4000)')
  .option('--key <secret>', 'an API key (PENTIMENTO_KEY)')
  .option('--json', 'print JSON, one value a line')
  .configureHelp({ showGlobalOptions: true })
  .showHelpAfterError('(--help tells what there is)')
  .exitOverride()

const commands = [
  editCommand(),
  generateCommand(),
  fillCommand(),
  watchCommand(),
  jobsCommand(),
  trajectoriesCommand(),
  whatIfCommand(),
  judgeCommand(),
  showCommand(),
  cancelCommand(),
  importCommand(),
  datasetCommand(),
  exportCommand(),
  benchCommand(),
  keysCommand(),
  fleetCommand(),
  serveCommand(),
]
for (const command of commands) program.addCommand(command)
shareSettings(program)

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', error => {
  if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = tell(error)
}

/** Gives the commands below this one its settings; `addCommand` leaves them alone. */
function shareSettings(command: Command): void {
  for (const child of command.commands) shareSettings(child.copyInheritedSettings(command))
}

/** Says what went wrong on standard error; gives the exit code. */
function tell(error: unknown): number {
  // Help and the version are thrown too; whatever else commander has to say, it has said.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const isExpected = error instanceof CliError || error instanceof ConfigError
  const message = error instanceof Error ? error.message : String(error)
  if (program.opts<{ json?: true }>().json) {
    const code = error instanceof CliError ? error.code : error instanceof ConfigError ? 'CONFIGURATION' : 'INTERNAL'
    console.error(JSON.stringify({ error: { code, message } }))
  } else {
    console.error(isExpected ? message : error)
  }
  return error instanceof UsageError || error instanceof ConfigError ? 2 : 1
}
