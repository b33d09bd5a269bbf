// A worker process is killed with -9 while five of its edits are each at another point of a submit, two of them between
// the provider's answer and our commit of it. What the next worker makes of them.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  comfyEntry,
  type FleetEntry,
  fleetEnv,
  providerEntry,
  toFleet,
  toFleetText,
  workflowFile,
} from './support/engine-entries.ts'
import { type FakeComfyui, startFakeComfyui } from './support/fake-comfyui.ts'
import { type FakeProvider, startFakeProvider } from './support/fake-provider.ts'
import { openTransaction } from './support/open-transaction.ts'
import { until } from './support/until.ts'
import { startWorkerProcess, type WorkerProcess } from './support/worker-process.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const names = ['careful', 'careless', 'polled', 'downloading', 'workflow'] as const
type Name = (typeof names)[number]

let setup: WorkerSetup
let worker: WorkerProcess
let server: FakeProvider
let polled: FakeProvider
let downloading: FakeProvider
let comfy: FakeComfyui
let jobs: Record<Name, string>

beforeAll(async () => {
  setup = await openWorkers()
  const startFal = () => startFakeProvider('fal')
  ;[server, polled, downloading, comfy] = await Promise.all([startFal(), startFal(), startFal(), startFakeComfyui()])
  const fal = ({ url }: FakeProvider, model: string) => ({
    ...providerEntry('fal', 'fal-ai/flux-pro/kontext', url, model),
    capacity: 2,
  })
  const editors = [
    fal(server, 'fal'),
    fal(polled, 'fal-polled'),
    fal(downloading, 'fal-downloading'),
    comfyEntry(comfy.url),
  ]
  await startProcess(editors)

  const releases = [server.hold('submit'), polled.hold('status'), downloading.hold('download')]
  comfy.hold = true
  const tenantId = await setup.createTenant()
  const submit = (editor: string, resubmitUncertain = false) => {
    const loop = { critique: false, maxRounds: 1, resubmitUncertain }
    return setup.submit(tenantId, { editor, thinker: null, loop })
  }
  jobs = {
    careful: await submit('fal'),
    careless: await submit('fal', true),
    polled: await submit('fal-polled'),
    downloading: await submit('fal-downloading'),
    workflow: await submit('comfy'),
  }
  await until('one is polled', () => polled.seen('status').length > 0)
  await until('one downloads its picture', () => downloading.seen('download').length > 0)
  await until('one runs in ComfyUI', () => comfy.prompts[0]?.state === 'running')
  await until('both submits are taken', () => server.jobs.length === 2)
  await killBeforeCommit([jobs.careful, jobs.careless], () => releases.splice(0, 1)[0]?.())
  for (const release of releases) release()
  comfy.hold = false
  await startNext(editors)
}, 120_000)

afterAll(async () => {
  await worker?.end('SIGKILL')
  await setup.close()
  await Promise.all([server, polled, downloading, comfy].map(each => each.close()))
})

async function startProcess(editors: FleetEntry[]): Promise<void> {
  const { url: databaseUrl, dataDir } = setup
  const fleetPath = join(dataDir, 'fleet.yaml')
  await writeFile(join(dataDir, workflowFile.name), workflowFile.text)
  await writeFile(fleetPath, toFleetText({ editors }))
  worker = startWorkerProcess({ databaseUrl, dataDir, fleetPath, env: fleetEnv })
  await worker.ready()
}

/** Has the answers sent, and kills the worker when it has them and its commits wait for a lock of ours. */
async function killBeforeCommit(jobIds: string[], answer: () => void): Promise<void> {
  const { db } = setup.images
  const lock = await openTransaction(db)
  await lock.tx.query('select 1 from task where job_id = any($1::uuid[]) for update', [jobIds])
  answer()
  const findCommits = async () => {
    const { rows } = await db.query<{ pid: number }>(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'pentimento worker'
         and wait_event_type = 'Lock' and query like '%remote =%'`,
    )
    return rows.map(({ pid }) => pid)
  }
  const commits = await until('the answers are about to be committed', async () => {
    const pids = await findCommits()
    return pids.length === jobIds.length && pids
  })
  await worker.end('SIGKILL')
  // Postgres would carry out what it was sent before, and this is of the moment before.
  await db.query('select pg_terminate_backend(pid) from unnest($1::int[]) as pid', [commits])
  await until('the commits are gone', async () => (await findCommits()).length === 0)
  await lock.rollback()
}

/** Starts another worker, for which the leases of the killed one have run out. */
async function startNext(editors: FleetEntry[]): Promise<void> {
  const { db } = setup.images
  await db.query(`update task set lease_until = clock_timestamp() where state = 'LEASED'`)
  await db.query('update endpoint set lease_until = clock_timestamp() where lease_until is not null')
  await setup.start(toFleet({ editors }))
}

/** What the job's one task has become, and how each of its attempts ended. */
async function taskOf(name: Name) {
  const { rows } = await setup.images.db.query(
    `select t.state::text as state, t.error_code as code,
       array_agg(a.outcome || (case when a.worker_id = $2 then ' by the killed' else '' end) order by a.token) as attempts
     from task t join attempt a on a.task_id = t.id where t.job_id = $1 group by t.id`,
    [jobs[name], await worker.ready()],
  )
  return rows
}

const submitsOf = async ({ seen }: FakeProvider, name: Name) => {
  const { rows } = await setup.images.db.query<{ instruction: string }>('select instruction from job where id = $1', [
    jobs[name],
  ])
  return seen('submit').filter(({ body }) => (body as { prompt?: unknown }).prompt === rows[0]?.instruction) // as JSON
}

const goneOn = [{ state: 'DONE', attempts: ['CRASHED by the killed', 'DONE'] }]

test('an edit whose id was not committed ends uncertain, is told so, and is not submitted again', async () => {
  const end = await setup.finished(jobs.careful)
  expect(end).toMatchObject({ status: 'FAILED', errorCode: 'SUBMISSION_UNCERTAIN' })
  const attempts = ['CRASHED by the killed', 'FAILED']
  expect(await taskOf('careful')).toEqual([{ state: 'UNCERTAIN', code: 'SUBMISSION_UNCERTAIN', attempts }])
  expect(await submitsOf(server, 'careful')).toHaveLength(1)
})

test('one whose job says so is submitted again', async () => {
  expect(await setup.finished(jobs.careless)).toMatchObject({ status: 'SUCCEEDED', errorCode: null })
  expect(await taskOf('careless')).toMatchObject(goneOn)
  expect(await submitsOf(server, 'careless')).toHaveLength(2)
})

test.each(['polled', 'downloading'] as const)('one that was %s under its committed id is gone on with', async name => {
  expect(await setup.finished(jobs[name])).toMatchObject({ status: 'SUCCEEDED', errorCode: null })
  expect(await taskOf(name)).toMatchObject(goneOn)
  const provider = name === 'polled' ? polled : downloading
  expect(await submitsOf(provider, name)).toHaveLength(1)
  expect([provider.seen('submit').length, provider.seen('cancel').length]).toEqual([1, 0])
  expect(provider.requests.at(-1)?.route).toBe('download')
})

test('a workflow is found again by its id and not queued twice', async () => {
  expect(await setup.finished(jobs.workflow)).toMatchObject({ status: 'SUCCEEDED', errorCode: null })
  expect(await taskOf('workflow')).toMatchObject(goneOn)
  expect(comfy.prompts).toHaveLength(1)
  expect(comfy.requests.filter(request => request === 'POST /prompt')).toHaveLength(1)
})
