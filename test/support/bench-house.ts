import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CliResult, runCli } from './run-cli.ts'
import { startTestServer, type TestServer } from './server.ts'

/** A job of a run, as the tests look at it. `rounds`: those that have a picture. */
type BenchJob = { id: string; run: number; status: string; key: string; batch: string; rounds: number }

/** A server with the builtin engines, and a tenant and a folder that `refresh` makes anew. */
export type BenchHouse = {
  readonly server: TestServer
  readonly folder: string
  readonly tenantId: string
  /** Of a command that acts for the tenant. */
  environment(): Record<string, string>
  run(args: string[]): Promise<CliResult>
  readJobs(): Promise<BenchJob[]>
  countImages(): Promise<number>
  /** For each test; gives what clears up after it. */
  refresh(): Promise<() => Promise<void>>
  close(): Promise<void>
}

export async function openBenchHouse(workers: 'none' | 'in-process' = 'in-process'): Promise<BenchHouse> {
  const server = await startTestServer({ auth: 'keys', workers })
  let tenants = 0
  let [folder, tenantId, key] = ['', '', '']
  const environment = () => ({ PENTIMENTO_SERVER: server.origin, PENTIMENTO_KEY: key })
  return {
    server,
    environment,
    get folder() {
      return folder
    },
    get tenantId() {
      return tenantId
    },
    run: args => runCli(args, environment()),
    async readJobs() {
      const { rows } = await server.db.query<BenchJob>(
        `select id, run, status, batch, metadata->'benchmark'->>'key' as key,
           (select count(*) from round where job_id = job.id and image_id is not null) as rounds
         from job where tenant_id = $1 order by id`,
        [tenantId],
      )
      return rows
    },
    countImages: async () =>
      (await server.db.query('select from image where tenant_id = $1', [tenantId])).rowCount ?? 0,
    async refresh() {
      const made = await mkdtemp(join(tmpdir(), 'pentimento-bench-'))
      const name = `researcher-${++tenants}`
      const { secret } = await server.createKey(name, 'WRITE')
      const { rows } = await server.db.query<{ id: string }>('select id from tenant where name = $1', [name])
      ;[folder, tenantId, key] = [made, rows[0]?.id ?? '', secret]
      return () => rm(made, { recursive: true, force: true })
    },
    close: () => server.close(),
  }
}

/** What every run of these tests edits with. */
export const engineOptions = ['--editor', 'builtin-retouch', '--thinker', 'builtin-critic', '--rounds', '3']

/** The arguments of a run of the folder's own data of this benchmark. */
export function runArguments({ folder }: Pick<BenchHouse, 'folder'>, name: string, ...more: string[]): string[] {
  return ['bench', 'run', name, '--data', join(folder, name), ...engineOptions, ...more]
}

/** The run's label in what the command printed. */
export function labelIn(text: string): string {
  return /^Run (\S+):/m.exec(text)?.[1] ?? ''
}

/** All files below a folder; none where there is no folder. */
export async function listFiles(root: string): Promise<string[]> {
  const found = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = found.filter(entry => entry.isFile())
  return files.map(entry => join(entry.parentPath, entry.name).slice(root.length + 1)).sort()
}

/** A JSON file's value. */
// biome-ignore lint/suspicious/noExplicitAny: a file has the shape its test looks for, which no type here knows
export async function readJson(...path: string[]): Promise<any> {
  return JSON.parse(await readFile(join(...path), 'utf8'))
}
