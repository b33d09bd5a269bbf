// What the system says of a process. kill(pid, 0) is not enough: it counts zombies as alive, which pid 1 of a container
// may leave for long, and a pid is given again to another program.

import { execFile } from 'node:child_process'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const isLinux = process.platform === 'linux'

/** A string that no other process, before or after it, shares; null if there is none of that pid or it is a zombie. */
export async function identifyProcess(pid: number): Promise<string | null> {
  try {
    if (!isLinux) {
      const { stdout } = await execute('ps', ['-o', 'state=,lstart=', '-p', String(pid)])
      return /^\s*Z/.test(stdout) ? null : stdout.trim()
    }
    const [stat, bootId] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ])
    // The second field is the name in brackets and may hold anything; state is the 3rd field, start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : `${bootId.trim()} ${fields[19]}`
  } catch {
    return null
  }
}

/** Its program and arguments, joined by spaces; '' if it is gone. */
export async function readCommandLine(pid: number): Promise<string> {
  try {
    if (isLinux) return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    return (await execute('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout
  } catch {
    return ''
  }
}

/** The live processes that work in `folder`, as every Postgres process does in its cluster. None outside Linux. */
export async function findProcessesIn(folder: string): Promise<number[]> {
  if (!isLinux) return []
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const found = await Promise.all(
    pids.map(async pid => {
      const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => null)
      return workingFolder === folder && (await identifyProcess(pid)) ? pid : null
    }),
  )
  return found.filter(pid => pid !== null)
}

/** Sends a signal; a process that is gone already is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // kill throws nothing else
  }
}
