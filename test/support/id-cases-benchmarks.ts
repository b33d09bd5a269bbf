import { v7 } from 'uuid'
import { expect } from 'vitest'
import { encodeGlobalId } from '../../schema/global-id.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import type { TestApi } from './graphql.ts'
import { type IdCase, idResult } from './id-case.ts'
import type { Trajectory } from './seed.ts'
import { seedImage, testEditor, testThinker } from './stage-driver.ts'

type Owned = { tenantId: string; made: Trajectory }

const START = `mutation($input: StartBenchmarkRunInput!) {
  startBenchmarkRun(input: $input) { ... on StartBenchmarkRunSuccess { label jobs ${idResult} } }
}`

/** One without jobs. */
async function insertRun({ db }: TestApi, tenantId: string): Promise<void> {
  await db.query(
    `insert into benchmark_run (id, tenant_id, label, benchmark, fingerprint, editor, settings, by)
     values ($1, $2, 'bench/kris/000000000000', 'kris', '000000000000', $3, '{}', 'tests')`,
    [v7(), tenantId, testEditor],
  )
}

/** The cases of benchmark runs, by the names of `findIdPlaces`. */
export function benchmarkIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  async function start(caller: Caller, item: object, variant: string) {
    const sourceId = encodeGlobalId('Image', await seedImage(api.db, caller.tenantId))
    const items = [{ key: '1', taskType: 'style', instruction: 'brighter', sourceId, ...item }]
    const input = { benchmark: 'IMGEDIT', editor: testEditor, thinker: testThinker, variant, items }
    return api.run(caller, START, { input })
  }
  const results = (job: object) => [{ errors: [], data: { startBenchmarkRun: { jobs: [job] } } }]
  const itemOf = (name: string, item: () => object, field: string): IdCase => ({
    ask: async caller => [await start(caller, item(), name)],
    there: results({ __typename: 'StartBenchmarkItemSuccess' }),
    absent: results({ __typename: 'NotFoundError', field }),
  })
  const list = 'query($after: String) { benchmarkRuns(first: 1, after: $after) { edges { cursor node { label } } } }'
  let cursor: string | null = null
  return {
    'Mutation.startBenchmarkRun(input.items.sourceId)': itemOf(
      'source',
      () => ({ sourceId: owned().made.source }),
      'sourceId',
    ),
    'Mutation.startBenchmarkRun(input.items.referenceIds)': itemOf(
      'reference',
      () => ({ referenceIds: [owned().made.source] }),
      'referenceIds.0',
    ),
    'Query.benchmarkRuns(after)': {
      async ask(caller) {
        if (cursor === null) {
          const owner = { ...caller, tenantId: owned().tenantId }
          await insertRun(api, owner.tenantId)
          cursor = (await api.get(owner, list)).benchmarkRuns.edges[0].cursor
        }
        return [await api.run(caller, list, { after: cursor })]
      },
      there: [{ errors: [], data: { benchmarkRuns: { edges: expect.any(Array) } } }],
      absent: [{ errors: [{ code: 'INVALID_INPUT', field: 'after' }] }],
    },
  }
}
