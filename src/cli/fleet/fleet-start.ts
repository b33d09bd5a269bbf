import { hostname } from 'node:os'
import { join } from 'node:path'
import chalk from 'chalk'
import { Command, InvalidArgumentError, Option } from 'commander'
import ora, { type Ora } from 'ora'
import type { PlannedServer, ServePlan } from '../../../workers/serve-model/plan-servers.ts'
import type { ServedModel } from '../../../workers/serve-model/serve-model.ts'
import type { ServerNews } from '../../../workers/serve-model/supervise-server.ts'
import type { ServerKind } from '../../catalog.ts'
import { type Config, loadProcessConfig, loadProcessEnvironment } from '../../config.ts'
import { makeLog } from '../../log.ts'
import { CliError, UsageError } from '../cli-error.ts'
import { openOutput, parseWholeNumber, printJson } from '../session.ts'

type Options = {
  gpus?: string[]
  port?: number
  command?: string
  host: string
  capacity?: number
}

const serverKinds: readonly ServerKind[] = ['vllm-omni', 'sglang', 'vllm', 'paper']
const signalNumbers = { SIGINT: 2, SIGTERM: 15 }

/** `pentimento fleet start`: a model's servers on this host, and a worker in this process that drives them. */
export function fleetStartCommand(): Command {
  return new Command('start')
    .description("start a model's server on this host and take its tasks; needs DATABASE_URL as a worker does")
    .argument('<model>', 'a model of the catalogue, such as qwen-image-edit')
    .argument('[extra...]', 'after --: further arguments of the server')
    .option('--gpus <ids>', 'the GPUs to use, such as 0,1: a server for each, or as many as the model needs', parseGpus)
    .option('--port <n>', 'of the first server; the others follow (default: 8000)', parseWholeNumber(1, 65_535))
    .addOption(
      new Option('--server <kind>', 'what serves it (default: the first the catalogue has)').choices(serverKinds),
    )
    .option('--command <line>', 'a shell command that starts the server instead; {port} and {gpus} are filled in')
    .option('--host <name>', 'under which other hosts reach this one', hostname())
    .option('--capacity <n>', "calls at once of each server (default: the catalogue's)", parseWholeNumber(1, 1_024))
    .action(async (model: string, extra: string[], options: Options, command: Command) => {
      const { isJson } = openOutput(command)
      const config = loadProcessConfig()
      const logFolder = join(config.dataDir, 'servers')
      const server = readServerKind(command.optsWithGlobals<{ server?: string }>().server)
      const { gpus = [], port = null, command: line = null, host, capacity = null } = options
      const request = { model, extra, gpus, port, server, command: line, host, capacity, logFolder }
      const { planServers, ServePlanError } = await import('../../../workers/serve-model/plan-servers.ts')
      try {
        await run(config, planServers(request), isJson)
      } catch (error) {
        if (error instanceof ServePlanError) throw new CliError(error.message, { cause: error })
        throw error
      }
    })
}

async function run(config: Config, plan: ServePlan, isJson: boolean): Promise<void> {
  let served: ServedModel | undefined
  let isStopping = false
  const progress = makeProgress(plan, isJson)
  async function stop(signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
    if (isStopping) process.exit(128 + signalNumbers[signal])
    isStopping = true
    progress.say('Draining: calls are ended or given back, then the servers are stopped.', { type: 'draining' })
    await served?.stop()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))

  const { serveModel } = await import('../../../workers/serve-model/serve-model.ts')
  const env = loadProcessEnvironment()
  served = serveModel(config, { plan, env, log: makeLog(config.logLevel), tell: news => progress.tell(news) })
  try {
    await served.ready
  } catch (error) {
    if (isStopping) return
    progress.end()
    await served.stop()
    throw error
  }
  if (isStopping) return
  progress.end()
  const [entry] = plan.fleet.models
  const where = entry?.urls.join(', ')
  progress.say(`${chalk.green('✔')} ${entry?.model} is served at ${where}; its worker takes tasks.`, {
    type: 'serving',
  })
}

// A spinner while models load, where there is a terminal; a line for whatever happens.
function makeProgress({ servers }: ServePlan, isJson: boolean) {
  const spinner: Ora = ora({ discardStdin: false, isSilent: isJson || !process.stderr.isTTY })
  const loading = new Set<PlannedServer>()
  const startedAt = Date.now()
  let isLoading = true
  const show = () => {
    if (!isLoading || loading.size === 0) return
    const seconds = Math.round((Date.now() - startedAt) / 1_000)
    spinner.start(`${loading.size} of ${servers.length} servers load their model, for ${seconds} s`)
  }
  const timer = setInterval(show, 1_000)

  function say(line: string, facts: Record<string, unknown>): void {
    spinner.stop()
    if (isJson) printJson({ __typename: 'ServerState', ...facts })
    else console.log(line)
    show()
  }

  return {
    say,
    tell(news: ServerNews): void {
      const { title, logFile, port, argv } = news.server
      const facts = { type: news.type, port }
      switch (news.type) {
        case 'started':
          loading.add(news.server)
          say(`Starting ${title}: ${chalk.dim(argv.join(' '))}\n  Its output goes to ${logFile}`, facts)
          return
        case 'healthy':
          loading.delete(news.server)
          say(`${title} is healthy after ${news.seconds.toFixed(1)} s.`, { ...facts, seconds: news.seconds })
          return
        case 'died': {
          const how = news.code === null ? 'by a signal' : `with ${news.code}`
          const when = news.retryInMs === 0 ? 'at once' : `in ${news.retryInMs / 1_000} s`
          const text = `${title} ended ${how} after ${news.seconds.toFixed(1)} s and is started again ${when}.`
          say(chalk.yellow(text), { ...facts, code: news.code, retryInMs: news.retryInMs })
          return
        }
        default:
          news satisfies never
      }
    },
    end(): void {
      isLoading = false
      clearInterval(timer)
      spinner.stop()
    },
  }
}

// The program's own --server, an address, takes the word first.
function readServerKind(text: string | undefined): ServerKind | null {
  const kind = serverKinds.find(known => known === text)
  if (text !== undefined && !kind) throw new UsageError(`--server must be one of ${serverKinds.join(', ')} here.`)
  return kind ?? null
}

function parseGpus(text: string): string[] {
  const ids = text.split(',').map(id => id.trim())
  if (ids.some(id => !/^[A-Za-z0-9-]{1,64}$/.test(id)) || new Set(ids).size < ids.length) {
    throw new InvalidArgumentError('It must be a list of different GPUs such as 0,1.')
  }
  return ids
}
