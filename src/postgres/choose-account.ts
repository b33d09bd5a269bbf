// PostgreSQL refuses to run as root. As root we drop to the owner of the cluster, to `postgres` or to `nobody`.

import { spawn, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { EmbeddedPostgresError } from '../errors.ts'

/** The user that owns and runs the cluster. `isShutOut`: it cannot enter the folders above and is given leave to. */
export type Account = { uid: number; gid: number; isShutOut: boolean }

/**
 * Who runs the cluster in `folder` (which may not exist yet): null means ourselves. A user that cannot reach the
 * folder or `program` because a folder above is closed to others (/root, many containers) needs `setpriv`.
 */
export function chooseAccount(folder: string, program: string): Account | null {
  const owner = statSync(folder, { throwIfNoEntry: false })
  const uid = process.getuid?.()
  if (uid !== 0) {
    if (!owner || owner.uid === uid) return null
    throw new EmbeddedPostgresError(
      `${folder} belongs to the user with id ${owner.uid}. Start as that user or as root, or choose another DATA_DIR.`,
    )
  }
  const user = owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : findServiceUser()
  const account = { ...user, isShutOut: false }
  if (canRun(account, folder, program)) return account
  const shutOut = { ...user, isShutOut: true }
  if (canRun(shutOut, folder, program)) return shutOut
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and the user with id ${user.uid} cannot enter ${dirname(folder)} or run ${program}. ` +
      'Install setpriv (util-linux), move DATA_DIR and this program to folders that others may enter, or set DATABASE_URL.',
  )
}

function findServiceUser(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map(flag => spawnSync('id', [flag, name], { encoding: 'utf8' }))
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  }
  return { uid: 65534, gid: 65534 }
}

function canRun(account: Account, folder: string, program: string): boolean {
  const { command, args, options } = toCommand(account, '/bin/sh', [
    '-c',
    'cd "$1" && exec "$2" --version',
    'sh',
    dirname(folder),
    program,
  ])
  return spawnSync(command, args, { ...options, stdio: 'ignore' }).status === 0
}

/** How to spawn `program` as that account. The process id is the program's own. */
export function toCommand(
  account: Account | null,
  program: string,
  args: string[],
): { command: string; args: string[]; options: { cwd: string; uid?: number; gid?: number } } {
  // The working folder may be closed to the account, and PostgreSQL looks at it.
  if (!account) return { command: program, args, options: { cwd: '/' } }
  const { uid, gid, isShutOut } = account
  if (!isShutOut) return { command: program, args, options: { cwd: '/', uid, gid } }
  const leave = ['--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override']
  const securebits = '--securebits=+no_setuid_fixup' // without it access(2), which PostgreSQL asks first, takes no leave
  return {
    command: 'setpriv',
    args: [`--reuid=${uid}`, `--regid=${gid}`, ...leave, securebits, program, ...args],
    options: { cwd: '/' },
  }
}

/** Runs a program as that account to its end, `input` on its stdin. Rejects with the last lines it printed. */
export async function runAs(account: Account | null, program: string, args: string[], input = ''): Promise<void> {
  const { command, args: allArgs, options } = toCommand(account, program, args)
  const child = spawn(command, allArgs, { ...options, stdio: 'pipe' })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
  child.stdin.on('error', () => {}) // it ended without reading; its exit code tells
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(lastLines(output) || `it ended with code ${code} and printed nothing`)
}

/** The last lines of a log, joined for a sentence. */
export function lastLines(text: string, count = 6): string {
  return text.trim().split('\n').slice(-count).join(' | ')
}
