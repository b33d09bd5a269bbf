// The process behind `npm start` (API and workers) and `npm run api` (--no-workers).

import { parseArgs } from 'node:util'
import { loadProcessConfig } from './config.ts'
import { makeLog } from './log.ts'
import { serveUntilSignal } from './serve-until-signal.ts'

const { values } = parseArgs({ options: { 'no-workers': { type: 'boolean', default: false } } })

await serveUntilSignal(async () => {
  const config = loadProcessConfig()
  const log = makeLog(config.logLevel)
  // Most of the start's time is these modules; a faulty configuration is told without them.
  const [{ buildApp }, { defaultFleet }] = await Promise.all([import('./app.ts'), import('../workers/fleet.ts')])
  const fleet = values['no-workers'] ? null : defaultFleet()
  return { app: buildApp(config, { log, fleet }), log }
})
