// From `npm start` to the line that says it is ready: the first time, with the cluster to be made, and again. The baseline
// is an empty script by the same tsx. Run: npx tsx bench/cold-start.ts [--runs 5]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { percentile } from './support/percentile.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } })
const RUNS = Number(values.runs)
const root = join(import.meta.dirname, '..')

/** Seconds until the command prints `sign`, or ends where it has none; then it is stopped. */
async function time(command: string[], env: Record<string, string>, sign?: string): Promise<number> {
  const [program = '', ...args] = command
  const startedAt = performance.now()
  // A process group of its own: npm does not pass every signal on.
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, detached: true })
  const ended = once(child, 'exit')
  let said = ''
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', chunk => {
        said += chunk
        if (sign && said.includes(sign)) resolve()
      })
    }
    child.once('exit', () => (sign ? reject(new Error(`It ended before it was ready: ${said}`)) : resolve()))
  })
  await ready
  const seconds = (performance.now() - startedAt) / 1_000
  if (sign && child.pid) {
    process.kill(-child.pid, 'SIGTERM')
    await ended
  }
  return seconds
}

const [first, again, empty]: [number[], number[], number[]] = [[], [], []]
for (let run = 0; run < RUNS; run++) {
  const dataDir = await mkdtemp(join(tmpdir(), 'pentimento-bench-'))
  await chmod(dataDir, 0o755) // as root, PostgreSQL runs as another user
  const env = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' }
  first.push(await time(['npm', 'start'], env, 'ready at'))
  again.push(await time(['npm', 'start'], env, 'ready at'))
  empty.push(await time([process.execPath, '--import', 'tsx', '--eval', '0'], {}))
  await rm(dataDir, { recursive: true, force: true })
}

const median = (seconds: readonly number[]) => percentile(seconds, 0.5)
printTitle(`npm start to ready, median of ${RUNS} runs`)
printRow('first time', `${median(first).toFixed(1)} s`)
printRow('again', `${median(again).toFixed(1)} s`)
printRow('empty script', `${median(empty).toFixed(1)} s`)
printRow(
  'ratio',
  `${(median(first) / median(empty)).toFixed(1)} and ${(median(again) / median(empty)).toFixed(1)} times the empty script`,
)
