import { type ServerProcess, startProcess } from './server-process.ts'
import { until } from './until.ts'

/** `npm run worker` in a process of its own. */
export type WorkerProcess = Omit<ServerProcess, 'ready'> & {
  /** Resolves with the worker's id when it takes tasks; rejects when the process ends before. */
  ready(): Promise<string>
}

/** Starts one on a database, a data folder and a fleet file; `args` of its command line and `env` are added. */
export function startWorkerProcess(options: {
  databaseUrl: string
  dataDir: string
  fleetPath: string
  args?: string[]
  env?: Record<string, string>
}): WorkerProcess {
  const { databaseUrl, dataDir, fleetPath, args = [] } = options
  const env = { ...options.env, DATABASE_URL: databaseUrl, DATA_DIR: dataDir, LOG_LEVEL: 'info' }
  const child = startProcess('workers/main.ts', env, ['--fleet', fleetPath, ...args])
  return {
    ...child,
    ready: () =>
      until(
        'the worker takes tasks',
        () => {
          if (child.child.exitCode !== null) throw new Error(`The worker ended: ${child.stderr()}`)
          if (!child.stdout().includes('takes tasks')) return null
          return /"workerId":"([0-9a-f-]{36})"/.exec(child.stderr())?.[1]
        },
        180_000,
      ),
  }
}
