import chalk from 'chalk'
import { Command } from 'commander'
import { z } from 'zod'
import { formatTable } from '../format-table.ts'
import { toAge } from '../jobs/describe-job.ts'
import { openSession, printJson, type Session } from '../session.ts'

const document = `query FleetStatus {
  endpoints {
    id model { id queued } engine url health capacity inFlight medianSeconds p95Seconds failures worker { id host }
  }
  workers { id host version slots inFlight startedAt lastSeenAt isDraining }
}`

const Endpoint = z.object({
  id: z.string(),
  model: z.object({ id: z.string(), queued: z.number() }),
  engine: z.string(),
  url: z.string().nullable(),
  health: z.enum(['HEALTHY', 'UNHEALTHY', 'UNKNOWN']),
  capacity: z.number(),
  inFlight: z.number(),
  medianSeconds: z.number().nullable(),
  p95Seconds: z.number().nullable(),
  failures: z.number(),
  worker: z.object({ id: z.string(), host: z.string().nullable() }).nullable(),
})
type Endpoint = z.infer<typeof Endpoint>

const Worker = z.object({
  id: z.string(),
  host: z.string().nullable(),
  version: z.string(),
  slots: z.number(),
  inFlight: z.number(),
  startedAt: z.string(),
  lastSeenAt: z.string(),
  isDraining: z.boolean(),
})
type Worker = z.infer<typeof Worker>

const Data = z.object({ endpoints: z.array(Endpoint), workers: z.array(Worker) })

/** Without a heartbeat for so long a worker's work goes to others. */
const LEASE_MS = 9_000

/** `pentimento fleet status`: what the fleet does now, as the API tells it. */
export function fleetStatusCommand(): Command {
  return new Command('status')
    .description('show endpoints and workers as the server sees them; URLs and hosts need a key of role OPERATOR')
    .action(async (_options: unknown, command: Command) => show(openSession(command)))
}

async function show({ api, isJson }: Session): Promise<void> {
  const { endpoints, workers } = await api.run(document, {}, Data)
  if (isJson) {
    for (const endpoint of endpoints) printJson({ __typename: 'Endpoint', ...endpoint })
    for (const worker of workers) printJson({ __typename: 'Worker', ...worker })
    return
  }
  if (workers.length === 0) console.log('No worker is registered: jobs wait until one is started.')
  else console.log(formatTable(toWorkerTable(workers)))
  if (endpoints.length > 0) console.log(`\n${formatTable(toEndpointTable(endpoints, workers))}`)
  const waiting = new Map(endpoints.map(({ model }) => [model.id, model.queued]))
  const queued = [...waiting].filter(([, count]) => count > 0).map(([id, count]) => `${count} for ${id}`)
  if (queued.length > 0) console.log(`\nWaiting stages: ${queued.join(', ')}.`)
}

function toWorkerTable(workers: readonly Worker[]) {
  const rows = workers.map(worker => [
    toShort(worker.id, workers),
    worker.host ?? '-',
    toState(worker),
    `${worker.inFlight} of ${worker.slots}`,
    toAge(worker.startedAt),
    worker.version,
  ])
  return { head: ['WORKER', 'HOST', 'STATE', 'BUSY', 'STARTED', 'VERSION'], rows, flexible: 1 }
}

function toEndpointTable(endpoints: readonly Endpoint[], workers: readonly Worker[]) {
  const rows = endpoints.map(endpoint => [
    endpoint.model.id,
    endpoint.url ?? '-',
    paintHealth(endpoint),
    `${endpoint.inFlight} of ${endpoint.capacity}`,
    toSeconds(endpoint.medianSeconds),
    String(endpoint.failures),
    endpoint.worker ? toShort(endpoint.worker.id, workers) : '-',
  ])
  // What 80 columns hold; the 95th percentile is in the JSON.
  const head = ['MODEL', 'URL', 'HEALTH', 'BUSY', 'MEDIAN', 'FAILED', 'WORKER']
  return { head, rows, flexible: 1 }
}

// A worker is named by its place in the first table: ids are too long to be compared by eye.
function toShort(id: string, workers: readonly Worker[]): string {
  const index = workers.findIndex(worker => worker.id === id)
  return index < 0 ? '-' : `w${index + 1}`
}

function toState({ isDraining, lastSeenAt }: Worker): string {
  if (Date.now() - Date.parse(lastSeenAt) > LEASE_MS) return chalk.red(`unseen since ${toAge(lastSeenAt)}`)
  return isDraining ? chalk.yellow('draining') : chalk.green('working')
}

function paintHealth({ health, worker }: Endpoint): string {
  if (!worker) return chalk.dim('not driven')
  switch (health) {
    case 'HEALTHY':
      return chalk.green('healthy')
    case 'UNHEALTHY':
      return chalk.red('unhealthy')
    case 'UNKNOWN':
      return chalk.dim('not known')
    default:
      return health satisfies never
  }
}

function toSeconds(seconds: number | null): string {
  return seconds === null ? '-' : `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
}
