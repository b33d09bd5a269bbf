// The process behind `npm start` (API and workers) and `npm run api` (--no-workers).

import { parseArgs } from 'node:util'
import { defaultFleet } from '../workers/fleet.ts'
import { buildApp } from './app.ts'
import { loadProcessConfig } from './config.ts'
import { makeLog } from './log.ts'
import { serveUntilSignal } from './serve-until-signal.ts'

const { values } = parseArgs({ options: { 'no-workers': { type: 'boolean', default: false } } })

await serveUntilSignal(async () => {
  const config = loadProcessConfig()
  const log = makeLog(config.logLevel)
  const fleet = values['no-workers'] ? null : defaultFleet()
  return { app: buildApp(config, { log, fleet }), log }
})
