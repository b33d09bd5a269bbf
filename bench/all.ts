// npm run bench: every benchmark, one after the other, each in a process of its own, with NODE_ENV as the image sets it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const env = { ...process.env, NODE_ENV: 'production' }
for (const name of ['rounds', 'start-latency', 'fan-out', 'recovery', 'fleet', 'data', 'rewards', 'cold-start']) {
  const script = join(import.meta.dirname, `${name}.ts`)
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: 'inherit', env })
  const [code] = await once(child, 'exit')
  if (code !== 0) process.exitCode = 1
}
