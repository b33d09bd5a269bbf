// The process behind `npm run worker -- --fleet fleet.yaml [--only model]`. The first SIGTERM or SIGINT drains it and ends
// it with 0, a second one ends it at once; a start that fails prints why and ends it with 1.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadProcessConfig, loadProcessEnvironment } from '../src/config.ts'
import { makeLog } from '../src/log.ts'

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 }

let running: Promise<{ stop(): Promise<void> }> | undefined
let isStopping = false

async function stop(signal: 'SIGINT' | 'SIGTERM'): Promise<void> {
  if (isStopping) process.exit(128 + SIGNAL_NUMBERS[signal])
  isStopping = true
  await running?.then(worker => worker.stop()).catch(() => {}) // a failed start has told so itself
  process.exit(0)
}

async function run(): Promise<{ stop(): Promise<void> }> {
  const { values } = parseArgs({ options: { fleet: { type: 'string' }, only: { type: 'string' } } })
  const config = loadProcessConfig()
  const log = makeLog(config.logLevel)
  process.on('unhandledRejection', error => log.error({ err: error }, 'a promise was rejected and nobody looked'))
  // Most of the start's time is these modules; a faulty configuration is told without them.
  const [{ openFleet }, { openWorkerProcess }] = await Promise.all([
    import('./fleet/open-fleet.ts'),
    import('./worker-process.ts'),
  ])
  const path = values.fleet === undefined ? config.fleetPath : resolve(values.fleet)
  const opened = openFleet(path, { env: loadProcessEnvironment(), log, only: values.only ?? null })
  return openWorkerProcess(config, { log, opened })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
try {
  running = run()
  await running
  if (!isStopping) process.stdout.write('Pentimento worker is ready and takes tasks\n')
} catch (error) {
  if (!isStopping) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
