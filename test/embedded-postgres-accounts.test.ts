import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { chooseAccount } from '../src/postgres/choose-account.ts'
import { createCluster } from '../src/postgres/create-cluster.ts'
import { findBinaries } from '../src/postgres/find-binaries.ts'
import { startPostmaster } from '../src/postgres/postmaster.ts'
import { startEmbeddedPostgres } from '../src/postgres/start-embedded-postgres.ts'
import { kill, makeOpenFolder, queryOnce, readPostmasterPid, spawnPostgres } from './support/embedded-postgres.ts'
import { silentLog as log } from './support/silent-log.ts'

// A first start takes 1 to 2 s; on a machine with other work to do it has taken 20 s.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const isRoot = process.getuid?.() === 0
const hasSetpriv = spawnSync('setpriv', ['--version']).status === 0
if (!isRoot) process.stdout.write('Skipped: the tests of PostgreSQL under root, because this is not root.\n')
if (!hasSetpriv)
  process.stdout.write('Skipped: the tests of PostgreSQL in a closed folder, because setpriv is missing.\n')

const NOBODY = 65534

let folder: string
let remove: () => Promise<void>
const cleanups: (() => Promise<void>)[] = []

beforeEach(async () => {
  const made = await makeOpenFolder()
  folder = made.folder
  remove = made.remove
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  await remove()
})

const readUid = async (pid: number) => (await stat(`/proc/${pid}`)).uid

describe.runIf(isRoot)('as root', () => {
  it('runs as another user, who owns the cluster', async () => {
    const server = await startEmbeddedPostgres({ dataDir: folder, log, fsync: false })
    cleanups.push(() => server.stop())
    const { uid } = await stat(join(folder, 'postgres'))
    expect(uid).not.toBe(0)
    expect(await readUid(await readPostmasterPid(folder))).toBe(uid)
  })

  it('runs as the owner of a cluster that a plain user has made, and leaves it usable for that user', async () => {
    await chown(folder, NOBODY, NOBODY)
    const asNobody = () => spawnPostgres(folder, { uid: NOBODY, gid: NOBODY, cwd: '/' })
    const first = asNobody()
    cleanups.push(() => kill(first.child))
    expect(await first.answer).toMatch(/^ready /)
    expect(await readUid(await readPostmasterPid(folder))).toBe(NOBODY)
    await kill(first.child)

    const server = await startEmbeddedPostgres({ dataDir: folder, log, fsync: false })
    expect(await readUid(await readPostmasterPid(folder))).toBe(NOBODY)
    await server.stop()
  })

  it('tells a plain user whose cluster it is', async () => {
    const server = await startEmbeddedPostgres({ dataDir: folder, log, fsync: false })
    await server.stop()
    await chmod(folder, 0o777)
    const { child, answer } = spawnPostgres(folder, { uid: NOBODY, gid: NOBODY, cwd: '/' })
    cleanups.push(() => kill(child))
    expect(await answer).toMatch(/^refused .*belongs to the user with id \d+\. .*DATA_DIR/)
  })

  it('says what to do when the user cannot enter the folder and setpriv is missing', async () => {
    await chmod(folder, 0o700)
    const path = process.env.PATH
    process.env.PATH = '/nowhere'
    try {
      const refused = startEmbeddedPostgres({ dataDir: join(folder, 'data'), log, fsync: false })
      await expect(refused).rejects.toThrow(/cannot enter .*setpriv.*DATA_DIR.*DATABASE_URL/)
    } finally {
      process.env.PATH = path
    }
  })

  describe.runIf(hasSetpriv)('in a folder of mode 700', () => {
    beforeEach(() => chmod(folder, 0o700))

    it('keeps its data there', async () => {
      const start = () => startEmbeddedPostgres({ dataDir: join(folder, 'data'), log, fsync: false })
      const first = await start()
      await queryOnce(first.url, 'create table kept as select 1 as one')
      await first.stop()
      const second = await start()
      cleanups.push(() => second.stop())
      expect(await queryOnce(second.url, 'select * from kept')).toEqual([{ one: 1 }])
      expect(await readUid(await readPostmasterPid(join(folder, 'data')))).not.toBe(0)
    })

    it('runs programs that lie there as well', async () => {
      const installed = findBinaries()
      execFileSync('cp', ['-al', dirname(dirname(installed.postgres)), join(folder, 'native')])
      const binaries = {
        ...installed,
        postgres: join(folder, 'native/bin/postgres'),
        initdb: join(folder, 'native/bin/initdb'),
      }
      const cluster = join(folder, 'postgres')
      const account = chooseAccount(cluster, binaries.postgres)
      expect(account?.isShutOut).toBe(true)
      await createCluster({ folder: cluster, binaries, account }, 'secret', false)
      const settings = { listen_addresses: '', unix_socket_directories: cluster }
      const logFile = join(folder, 'postgres.log')
      const program = binaries.postgres
      const server = await startPostmaster({ program, account, folder: cluster, logFile, settings })
      cleanups.push(() => server.stop())
      expect(await readUid(await readPostmasterPid(folder))).toBe(account?.uid)
    })
  })
})

describe('when the cluster cannot be made', () => {
  it('gives the last lines of what went wrong and leaves nothing half made', async () => {
    // No file of over 1 MB may be written, as on a full disk.
    const { child, answer } = spawnPostgres(join(folder, 'data'), {
      prefix: ['/bin/sh', '-c', 'ulimit -f 2000; exec "$@"', 'sh'],
    })
    cleanups.push(() => kill(child))
    expect(await answer).toMatch(/^refused PostgreSQL's data folder .* cannot be created: .*(File too large|signal)/)
    expect(execFileSync('ls', [join(folder, 'data')], { encoding: 'utf8' })).not.toContain('init')
  })

  it('refuses a folder that holds something else', async () => {
    await mkdir(join(folder, 'postgres/photos'), { recursive: true })
    await expect(startEmbeddedPostgres({ dataDir: folder, log })).rejects.toThrow(/holds no PostgreSQL data/)
    expect(await readFile(join(folder, 'postgres.lock'), 'utf8').catch(() => null)).toBeNull()
  })

  it('refuses a cluster of another major version', async () => {
    await mkdir(join(folder, 'postgres'))
    execFileSync('sh', ['-c', 'echo 17 > "$1/postgres/PG_VERSION"', 'sh', folder])
    await expect(startEmbeddedPostgres({ dataDir: folder, log })).rejects.toThrow(/PostgreSQL 17,.*DATABASE_URL/)
  })
})
