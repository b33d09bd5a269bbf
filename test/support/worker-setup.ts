import { v7 } from 'uuid'
import type { ImageDeps } from '../../src/images/image-row.ts'
import { storePicture } from '../../src/images/store-image.ts'
import type { NewJob } from '../../src/jobs/start-jobs.ts'
import type { Fleet, FleetModel } from '../../workers/fleet/fleet.ts'
import { startWorker, type Worker, type WorkerOptions } from '../../workers/worker.ts'
import type { TestDatabase } from './database.ts'
import { openImages } from './image-setup.ts'
import { noisePng } from './pictures.ts'
import { silentLog } from './silent-log.ts'
import { newJob, startJob } from './stage-driver.ts'
import { until } from './until.ts'

/** The models of the fake servers. */
export const fakeEditorModel = 'fake-editor'
export const fakeThinkerModel = 'fake-thinker'

/** A database, a store and workers on them. `close` stops the workers at once. */
export type WorkerSetup = {
  images: ImageDeps
  url: string
  /** What DATA_DIR is for a process that shares the store. */
  dataDir: string
  /** Resolves when the worker takes tasks. */
  start(fleet: Fleet, options?: Partial<WorkerOptions>): Promise<Worker>
  createTenant(): Promise<string>
  /** A stored picture of the tenant; its id. */
  createPicture(tenantId: string): Promise<string>
  /** A job over the fake models, with a source of its own unless one is given or the kind has none; its id. */
  submit(tenantId: string, job?: Parameters<typeof newJob>[1]): Promise<string>
  /** Resolves with the job's row when it has ended. */
  finished(jobId: string, limitMs?: number): Promise<JobEnd>
  /** Stops every worker at once. */
  stopWorkers(): Promise<void>
  close(): Promise<void>
}

type JobEnd = { status: string; stopReason: string; errorCode: string | null; errorMessage: string | null }

/** Opens all of it, on a database of the suite's server unless one is given. */
export async function openWorkers(openDatabase?: () => Promise<TestDatabase>): Promise<WorkerSetup> {
  const setup = await openImages({}, openDatabase)
  const images = setup.deps
  const { db } = images
  const workers: Worker[] = []
  // The pool knows its own address; a worker's listener needs it as a URL.
  const url = String(db.pool.options.connectionString)
  const stopWorkers = async () => {
    await Promise.all(workers.splice(0).map(worker => worker.stop({ graceMs: 0 })))
  }
  const createPicture = async (tenantId: string) => (await storePicture(images, tenantId, await noisePng(24, 16))).id
  return {
    images,
    url,
    dataDir: setup.dataDir,
    async start(fleet, options = {}) {
      const worker = startWorker({
        ...{ db, url, images, log: silentLog, fleet, host: 'test', version: '0' },
        ...options,
      })
      workers.push(worker)
      await worker.ready
      return worker
    },
    createTenant: setup.createTenant,
    createPicture,
    async submit(tenantId, job = {}) {
      const sourceId = job.kind === 'GENERATE' ? null : (job.sourceId ?? (await createPicture(tenantId)))
      const models: Partial<NewJob> = { editor: fakeEditorModel, thinker: fakeThinkerModel }
      return startJob(db, tenantId, newJob(sourceId, { ...models, instruction: `make it bluer ${v7()}`, ...job }))
    },
    finished: (jobId, limitMs = 20_000) =>
      until(
        `the job ${jobId} ends`,
        async () => {
          const { rows } = await db.query<JobEnd>(
            `select status, stop_reason as "stopReason", error_code as "errorCode", error_message as "errorMessage"
             from job where id = $1 and finished_at is not null`,
            [jobId],
          )
          return rows[0]
        },
        limitMs,
      ),
    stopWorkers,
    async close() {
      await stopWorkers()
      await setup.close()
    },
  }
}

/** A fleet over fake servers; `capacity` calls at once for each of them. */
export function fakeFleet(
  servers: { editors?: readonly string[]; thinkers?: readonly string[] },
  { capacity = 2, ...more }: Partial<FleetModel> = {},
): Fleet {
  const common = {
    capacity,
    maxPixels: null,
    multipleOf: 1,
    restoresSize: false,
    maxReferences: null,
    parameters: [],
    deadlineMs: 30_000,
  }
  const editor: FleetModel = {
    ...common,
    kinds: ['EDITOR'],
    model: fakeEditorModel,
    position: 0,
    settings: { engine: 'openai-images', profile: 'generic', servedModel: fakeEditorModel, key: null },
    urls: servers.editors ?? [],
    ...more,
  }
  const thinker: FleetModel = {
    ...common,
    kinds: ['THINKER'],
    model: fakeThinkerModel,
    position: 1,
    settings: {
      engine: 'openai-chat',
      profile: 'generic',
      style: 'json',
      servedModel: fakeThinkerModel,
      key: null,
      critiqueTemplate: null,
      polishTemplate: null,
      generateCritiqueTemplate: null,
      generatePolishTemplate: null,
      temperature: 0.7,
      topP: null,
      topK: null,
      maxTokens: 1_000,
      structuredOutputs: false,
    },
    urls: servers.thinkers ?? [],
    ...more,
  }
  return { models: [editor, thinker].filter(model => model.urls.length > 0) }
}
