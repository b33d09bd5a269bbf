// The process behind `npm start` (API and workers) and `npm run api` (--no-workers).

import { parseArgs } from 'node:util'
import { serve } from './cli/serve.ts'

const { values } = parseArgs({ options: { 'no-workers': { type: 'boolean', default: false } } })

await serve({ hasWorkers: !values['no-workers'] })
