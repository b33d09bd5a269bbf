import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EmbeddedPostgresError } from '../errors.ts'
import { type Account, runAs } from './choose-account.ts'
import type { Binaries } from './find-binaries.ts'

/** The role and the database the server uses. The role is no superuser; the superuser cannot log in at all. */
export const APP_ROLE = 'pentimento'

// initdb's list is replaced by this one line: who it does not name is refused.
const HOST_RULES = `host all ${APP_ROLE} 127.0.0.1/32 scram-sha-256\n`

/** A cluster's folder, and the programs and the account that run it. */
export type Cluster = { folder: string; binaries: Binaries; account: Account | null }

/** True if the folder holds a cluster that these binaries can run; throws if what it holds is none. */
export async function hasCluster(folder: string, binaries: Binaries): Promise<boolean> {
  const content = await readdir(folder).catch(error => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  if (content.length === 0) return false
  const version = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => null)
  if (version === null) {
    throw new EmbeddedPostgresError(`${folder} holds no PostgreSQL data, yet is not empty. Choose another DATA_DIR.`)
  }
  if (Number(version) === binaries.majorVersion) return true
  throw new EmbeddedPostgresError(
    `${folder} was written by PostgreSQL ${version.trim()}, and this version brings ${binaries.majorVersion}. ` +
      'Run it by that version and set DATABASE_URL, or choose another DATA_DIR.',
  )
}

/**
 * Makes the cluster beside its folder and moves it there when complete, so that a start that is killed leaves nothing
 * half made. `fsync` false is for throw-away clusters.
 */
export async function createCluster(cluster: Cluster, password: string, fsync: boolean): Promise<void> {
  const { folder, binaries, account } = cluster
  await removeLeftovers(folder)
  const draft = `${folder}.init-${process.pid}`
  try {
    await mkdir(draft, { mode: 0o700 })
    if (account) await chown(draft, account.uid, account.gid)
    await runAs(account, binaries.initdb, [
      ...['-D', draft, '-U', 'postgres', '-A', 'reject', '-E', 'UTF8'],
      ...['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
      ...(fsync ? [] : ['--no-sync']),
    ])
    await writeFile(join(draft, 'pg_hba.conf'), HOST_RULES)
    await runStatements({ ...cluster, folder: draft }, [
      `create role ${APP_ROLE} login createdb password '${password}'`,
      `create database ${APP_ROLE} owner ${APP_ROLE}`,
    ])
    await rename(draft, folder)
  } catch (cause) {
    await rm(draft, { recursive: true, force: true })
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EmbeddedPostgresError(`PostgreSQL's data folder ${folder} cannot be created: ${reason}`, { cause })
  }
}

/** Gives the app's role a new password, while the cluster is stopped. */
export async function resetPassword(cluster: Cluster, password: string): Promise<void> {
  await runStatements(cluster, [`alter role ${APP_ROLE} password '${password}'`])
}

/** One statement a line, as the superuser, without a server: single-user mode reads them from stdin. */
async function runStatements({ folder, binaries, account }: Cluster, statements: string[]): Promise<void> {
  const args = ['--single', '-D', folder, '-c', 'exit_on_error=true', '-c', 'log_checkpoints=off', 'postgres']
  await runAs(account, binaries.postgres, args, `${statements.join('\n')}\n`)
}

async function removeLeftovers(folder: string): Promise<void> {
  const parent = dirname(folder)
  const drafts = (await readdir(parent)).filter(name => name.startsWith(`${basename(folder)}.init-`))
  await Promise.all(drafts.map(name => rm(join(parent, name), { recursive: true, force: true })))
}
