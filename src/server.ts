// The process behind `npm start` (API and workers) and `npm run api` (--no-workers).

import { parseArgs } from 'node:util'
import { loadProcessConfig, loadProcessEnvironment } from './config.ts'
import { makeLog } from './log.ts'
import { serveUntilSignal } from './serve-until-signal.ts'

const { values } = parseArgs({ options: { 'no-workers': { type: 'boolean', default: false } } })

await serveUntilSignal(async () => {
  const config = loadProcessConfig()
  const log = makeLog(config.logLevel)
  // Most of the start's time is these modules; a faulty configuration is told without them.
  if (values['no-workers']) return { app: (await import('./app.ts')).buildApp(config, { log, fleet: null }), log }
  const [{ buildApp }, { openFleet }] = await Promise.all([import('./app.ts'), import('../workers/open-fleet.ts')])
  const opened = openFleet(config.fleetPath, { env: loadProcessEnvironment(), log })
  return { app: buildApp(config, { log, ...opened }), log }
})
