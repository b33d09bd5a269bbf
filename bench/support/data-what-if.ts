import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Db } from '../../src/db.ts'
import { sql } from '../../src/sql.ts'
import type { TrajectoryFilter } from '../../src/trajectories/trajectory-filter.ts'
import { type WhatIfRule, whatIf } from '../../src/trajectories/what-if.ts'
import { percentile } from './percentile.ts'
import { printRow, printTitle } from './report.ts'

const TRAJECTORIES = 100_000
const sweep = Array.from({ length: 10 }, (_, i) => ({ semanticAtLeast: 5 + i / 2, qualityAtLeast: 5 + i / 2 }))

/** What-if over 100,000 trajectories (all, where there are fewer): one rule, and ten in one pass. */
export async function benchWhatIf(db: Db, tenantId: string, runs: number): Promise<void> {
  const filter = await findNewest(db, tenantId)
  printTitle('what-if')
  const cases: [string, readonly WhatIfRule[]][] = [
    ['one rule', [{ semanticAtLeast: 7, qualityAtLeast: 7, patience: 2, maxRounds: 3 }]],
    ['ten thresholds', sweep],
  ]
  for (const [name, rules] of cases) {
    const seconds: number[] = []
    const blocked = monitorEventLoopDelay({ resolution: 1 })
    const startedAt = process.cpuUsage()
    const memory = process.memoryUsage().rss
    let [jobs, highest] = [0, memory]
    blocked.enable()
    const watch = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss)
    }, 10)
    for (let run = 0; run < runs; run++) {
      const begin = performance.now()
      jobs = (await whatIf(db, { tenantId, filter, asOf: null, rules })).actual.jobs
      seconds.push((performance.now() - begin) / 1_000)
    }
    clearInterval(watch)
    blocked.disable()
    const cpu = process.cpuUsage(startedAt)
    const cpuSeconds = (cpu.user + cpu.system) / 1e6 / runs
    printRow(
      name,
      `${jobs} trajectories in ${percentile(seconds, 0.5).toFixed(2)} s (median of ${runs}, the slowest ${Math.max(...seconds).toFixed(2)} s), Node ${cpuSeconds.toFixed(2)} s of CPU, others waited ${(blocked.max / 1e6).toFixed(0)} ms at most, memory +${((highest - memory) / 1e6).toFixed(0)} MB`,
    )
  }
}

/** A filter that holds for the newest 100,000. */
async function findNewest(db: Db, tenantId: string): Promise<TrajectoryFilter> {
  const { rows } = await db.query<{ at: Date }>(sql`
    select finished_at as at from trajectory where tenant_id = ${tenantId}::uuid
    order by finished_at desc offset ${TRAJECTORIES}::int limit 1`)
  return rows[0] ? { finishedAfter: rows[0].at.toISOString() } : {}
}
