// The process behind `npm start` (API and workers) and `npm run api` (--no-workers).

import { parseArgs } from 'node:util'
import { listen } from '../schema/http/http-server.ts'
import { loadProcessConfig, loadProcessEnvironment } from './config.ts'
import { makeLog } from './log.ts'
import { openDatabase } from './open-database.ts'
import { serveUntilSignal } from './serve-until-signal.ts'

const { values } = parseArgs({ options: { 'no-workers': { type: 'boolean', default: false } } })
const hasWorkers = !values['no-workers']

await serveUntilSignal(async () => {
  const config = loadProcessConfig()
  const log = makeLog(config.logLevel)
  const http = await listen(config)
  const database = openDatabase(config, { isHost: hasWorkers, log })
  database.catch(() => {}) // told by `start`
  // Most of the start's time is these modules: the database starts while they load.
  const [{ buildApp }, { openFleet }] = await Promise.all([import('./app.ts'), import('../workers/open-fleet.ts')])
  const opened = hasWorkers ? openFleet(config.fleetPath, { env: loadProcessEnvironment(), log }) : { fleet: null }
  return { app: buildApp(config, { log, ...opened, begun: { http, database } }), log }
})
