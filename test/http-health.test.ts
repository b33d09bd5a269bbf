import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { encodeGlobalId, toUuid } from '../schema/global-id.ts'
import { storePicture } from '../src/images/store-image.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { noisePng } from './support/pictures.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until, within } from './support/until.ts'

async function ready(server: TestServer): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${server.origin}/health/ready`)
  return { status: response.status, body: await response.json() }
}

describe('health', () => {
  let server: TestServer
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
    server = await startTestServer({ databaseUrl: database.url })
  })
  afterAll(async () => {
    await server.close()
    await database.drop()
  })

  it('is live and ready when all is well', async () => {
    const live = await fetch(`${server.origin}/health/live`)
    expect([live.status, await live.json()]).toEqual([200, { status: 'live' }])
    expect(await ready(server)).toEqual({
      status: 200,
      body: { status: 'ready', checks: { database: 'ok', storage: 'ok', queue: 'ok' } },
    })
  })

  it('names the store when that fails, and nothing of how', async () => {
    const folder = join(server.deps.config.dataDir, 'storage')
    await rm(folder, { recursive: true })
    await writeFile(folder, 'a file where the folder was')
    const { body } = await until('it is not ready', async () => {
      const found = await ready(server)
      return found.status === 503 && found
    })
    expect(body).toEqual({ status: 'unavailable', checks: { database: 'ok', storage: 'failed', queue: 'ok' } })
    await rm(folder)
    await until('it is ready again', async () => (await ready(server)).status === 200)
  })

  it('names the queue when that cannot be read', async () => {
    await database.db.query('alter table task rename to task_away')
    const { body } = await until('it is not ready', async () => {
      const found = await ready(server)
      return found.status === 503 && found
    })
    expect(body).toEqual({ status: 'unavailable', checks: { database: 'ok', storage: 'ok', queue: 'failed' } })
    await database.db.query('alter table task_away rename to task')
    await until('it is ready again', async () => (await ready(server)).status === 200)
  })

  it('names database and queue while Postgres takes no connections, stays live, and recovers', async () => {
    const name = new URL(database.url).pathname.slice(1)
    const administrator = new pg.Client({ connectionString: inject('postgresUrl') })
    await administrator.connect()
    await administrator.query(`alter database "${name}" allow_connections false`)
    await administrator.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name])
    const { body } = await until('it is not ready', async () => {
      const found = await ready(server)
      return found.status === 503 && found
    })
    expect(body).toMatchObject({ status: 'unavailable', checks: { database: 'failed', queue: 'failed' } })
    expect((await fetch(`${server.origin}/health/live`)).status).toBe(200)
    await administrator.query(`alter database "${name}" allow_connections true`)
    await administrator.end()
    await until('it is ready again', async () => (await ready(server)).status === 200)
  })
})

describe('what goes wrong inside', () => {
  it('is masked for the caller and logged with its cause', async () => {
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: line => void lines.push(line) })
    const server = await startTestServer({ log })
    try {
      await server.db.query('alter table job rename to job_away')
      for (const query of [
        '{ jobs { edges { node { id } } } }',
        'mutation { cancelJobs(filter: {}) { __typename } }',
      ]) {
        lines.length = 0
        const answer = await server.query(query)
        expect(answer.errors).toEqual([
          expect.objectContaining({
            message: 'Unexpected error.',
            extensions: { code: 'INTERNAL_SERVER_ERROR' },
          }),
        ])
        expect(JSON.stringify(answer)).not.toMatch(/relation|prisma|select|stack/i)
        expect(lines).toHaveLength(1)
        expect(lines[0]).toMatch(/job/)
      }
    } finally {
      await server.close()
    }
  })
})

describe('metrics', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ workers: 'in-process' })
  })
  afterAll(() => server.close())

  async function scrape(): Promise<Map<string, number>> {
    const response = await fetch(`${server.origin}/metrics`)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
    const lines = (await response.text()).split('\n').filter(line => line && !line.startsWith('#'))
    return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]))
  }

  it('tell of HTTP, GraphQL and endpoints', async () => {
    await server.query('{ viewer { tenant } }')
    await server.query('{ nonsense }')
    const found = await scrape()
    const seen = (name: string) => found.get(name) ?? 0
    expect(seen('pentimento_http_request_duration_seconds_count{method="POST",route="/graphql",status="200"}')).toBe(2)
    expect(seen('pentimento_graphql_operation_duration_seconds_count{operation="query",outcome="ok"}')).toBe(1)
    expect(seen('pentimento_graphql_errors_total{operation="unknown",code="GRAPHQL_VALIDATION_FAILED"}')).toBe(1)
    expect(seen('pentimento_endpoint_capacity{model="builtin-retouch"}')).toBeGreaterThan(0)
    expect(found.has('pentimento_endpoint_in_flight{model="builtin-critic"}')).toBe(true)
    expect(found.get('pentimento_subscribers{to="job"}')).toBe(0)
  })

  it('tell of rounds, stages and the queue of a job that ran', async () => {
    await scrape()
    const { tenantId } = await loadLocalCaller(server.db)
    const image = await storePicture(server.deps.images, tenantId, await noisePng(64, 48))
    const query = `mutation ($sourceId: ID!) {
      startEdit(input: { sourceId: $sourceId, instruction: "make it brighter", settings: { maxRounds: 1 } }) {
        ... on StartEditSuccess { job { id } }
      }
    }`
    const { data } = await server.query<{ startEdit: { job: { id: string } } }>(query, {
      sourceId: encodeGlobalId('Image', image.id),
    })
    const jobId = toUuid(data?.startEdit.job.id ?? '', 'Job') ?? ''
    // The engine's thread starts with the first call, which takes its time; scraping meanwhile would only slow it down.
    const events = await server.deps.feed.followJob({ tenantId, jobId, after: 0 })
    const readAll = async () => {
      for await (const _ of events);
    }
    await within('the job ends', readAll(), 90_000)
    let found = new Map<string, number>()
    const total = (prefix: string) =>
      [...found].filter(([name]) => name.startsWith(prefix)).reduce((sum, [, value]) => sum + value, 0)
    await until('the run is told', async () => {
      found = await scrape()
      return total('pentimento_jobs_finished_total{status="SUCCEEDED"') === 1
    })
    expect(found.get('pentimento_rounds_total{result="edited"}')).toBe(1)
    expect(found.get('pentimento_rounds_total{result="critiqued"}')).toBe(1)
    for (const [stage, model] of [
      ['EDIT', 'builtin-retouch'],
      ['THINK', 'builtin-critic'],
    ]) {
      const labels = `stage="${stage}",model="${model}",outcome="DONE"`
      expect(found.get(`pentimento_stage_duration_seconds_count{${labels}}`)).toBe(1)
    }
    expect(total('pentimento_queue_tasks')).toBe(0)
    await Promise.all(Array.from({ length: 5 }, scrape))
    found = await scrape()
    expect(found.get('pentimento_rounds_total{result="edited"}')).toBe(1)
  }, 120_000)
})
