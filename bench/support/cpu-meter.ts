import { readdir, readFile } from 'node:fs/promises'
import type { Db } from '../../src/db.ts'

/** CPU seconds since the meter was read last; `postgres` is null where the system does not tell (no /proc). */
export type CpuUse = { node: number; postgres: number | null }

/** Measures this process and every process of the server behind `db`, those that ended meanwhile included. */
export async function makeCpuMeter(db: Db): Promise<{ read(): Promise<CpuUse> }> {
  const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid')
  const backend = await readStat(rows[0]?.pid ?? 0)
  const postmaster = backend?.parent ?? null
  let node = process.cpuUsage()
  let postgres = postmaster === null ? null : await sumServer(postmaster)
  return {
    async read() {
      const used = process.cpuUsage(node)
      const now = postmaster === null ? null : await sumServer(postmaster)
      const use = {
        node: (used.user + used.system) / 1e6,
        postgres: now === null || postgres === null ? null : now - postgres,
      }
      node = process.cpuUsage()
      postgres = now
      return use
    },
  }
}

const TICKS_A_SECOND = 100

/** The postmaster, its ended children (which it counts as its own) and its living ones. */
async function sumServer(postmaster: number): Promise<number> {
  let ticks = 0
  for (const name of await readdir('/proc')) {
    const stat = /^\d+$/.test(name) ? await readStat(Number(name)) : null
    if (stat && Number(name) === postmaster) ticks += stat.own + stat.ended
    else if (stat?.parent === postmaster) ticks += stat.own
  }
  return ticks / TICKS_A_SECOND
}

/** Of proc(5)'s `stat`: the parent and the ticks of the process itself and of its children that have ended. */
async function readStat(pid: number): Promise<{ parent: number; own: number; ended: number } | null> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (line === null) return null
  // The second field is a name in brackets that may hold spaces; the numbers count from what follows it.
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number)
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15)
  return { parent: fields[1] ?? 0, own: utime + stime, ended: cutime + cstime }
}
