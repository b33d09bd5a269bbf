import { Command } from 'commander'
import { loadProcessConfig, loadProcessEnvironment } from '../config.ts'
import { makeLog } from '../log.ts'
import { serveUntilSignal } from '../serve-until-signal.ts'

/** Runs a server in this process until a signal ends it, configured by the environment. */
export async function serve({ hasWorkers }: { hasWorkers: boolean }): Promise<void> {
  await serveUntilSignal(async () => {
    const config = loadProcessConfig()
    const log = makeLog(config.logLevel)
    // Most of the start's time is these modules; a faulty configuration is told without them.
    if (!hasWorkers) return { app: (await import('../app.ts')).buildApp(config, { log, fleet: null }), log }
    const [{ buildApp }, { openFleet }] = await Promise.all([
      import('../app.ts'),
      import('../../workers/fleet/open-fleet.ts'),
    ])
    const opened = openFleet(config.fleetPath, { env: loadProcessEnvironment(), log })
    return { app: buildApp(config, { log, ...opened }), log }
  })
}

/** `pentimento serve`. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('run the API with its workers, configured by environment variables (see README.md)')
    .option('--no-workers', 'the API alone; workers run elsewhere')
    .action(async ({ workers }: { workers: boolean }) => serve({ hasWorkers: workers }))
}
