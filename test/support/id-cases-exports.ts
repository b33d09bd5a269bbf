import { expect } from 'vitest'
import { encodeGlobalId, toUuid } from '../../schema/global-id.ts'
import { exportWork } from '../../src/exports/export-work.ts'
import { startExport } from '../../src/exports/start-export.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { doWork, exportDeps } from './export-setup.ts'
import type { TestApi } from './graphql.ts'
import { type IdCase, mutationCase, queryCase } from './id-case.ts'
import { createDatasets, type Datasets } from './id-cases-datasets.ts'

/** A finished export of a tenant's dataset version and one that waits, by global ids and cursors. */
export type Exports = { done: string; waiting: string; cursor: string; fileCursor: string | undefined }

type Owned = { tenantId: string; datasets: Datasets; exports: Exports }

const files =
  'query($id: ID!, $after: String) { export(id: $id) { files(first: 1, after: $after) { edges { cursor } } } }'

/** Makes them of a version of whole trajectories; one of none has no files. */
export async function createExports(api: TestApi, caller: Caller, { older }: Datasets): Promise<Exports> {
  const { db, deps } = api
  const wish = { versionId: toUuid(older, 'DatasetVersion') ?? '', format: 'JSONL', pictures: 'NAMED' } as const
  const doneId = await startExport(db, caller, wish)
  await doWork(db, exportWork(exportDeps({ db, storage: deps.storage, directory: deps.images.directory })), doneId)
  const waitingId = await startExport(db, caller, { ...wish, shardSize: 1 })
  const done = encodeGlobalId('Export', doneId)
  const list = await api.get(caller, '{ exports(first: 1) { edges { cursor } } }')
  const { export: found } = await api.get(caller, files, { id: done })
  return {
    ...{ done, waiting: encodeGlobalId('Export', waitingId), cursor: list.exports.edges[0].cursor },
    fileCursor: found.files.edges[0]?.cursor,
  }
}

/** The cases of exports, by the names of `findIdPlaces`. */
export function exportIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  const refused = [{ errors: [{ code: 'INVALID_INPUT', field: 'after' }] }]
  const progress = 'subscription($id: ID!) { exportProgress(exportId: $id) { total } }'
  const list = 'query($after: String) { exports(after: $after) { edges { node { id } } } }'
  return {
    'Query.export(id)': queryCase(
      api,
      'query($id: ID!) { export(id: $id) { id } }',
      () => ({ id: owned().exports.done }),
      'export',
    ),
    'Query.exports(after)': {
      ask: async caller => [await api.run(caller, list, { after: owned().exports.cursor })],
      there: [{ errors: [] }],
      absent: refused,
    },
    // A stranger asks for it in an export of its own.
    'Export.files(after)': {
      async ask(caller) {
        const isOwner = caller.tenantId === owned().tenantId
        const { exports } = isOwner ? owned() : { exports: await createOwn(api, caller) }
        return [await api.run(caller, files, { id: exports.done, after: owned().exports.fileCursor })]
      },
      there: [{ errors: [] }],
      absent: refused,
    },
    'Mutation.startExport(input.versionId)': mutationCase(
      api,
      'startExport($input: StartExportInput!)',
      () => ({ input: { versionId: owned().datasets.older, format: 'CSV' } }),
      { success: 'StartExportSuccess', field: 'versionId' },
    ),
    'Mutation.cancelExport(exportId)': mutationCase(
      api,
      'cancelExport($exportId: ID!)',
      () => ({ exportId: owned().exports.waiting }),
      { success: 'CancelExportSuccess', field: 'exportId' },
    ),
    'Mutation.deleteExport(exportId)': mutationCase(
      api,
      'deleteExport($exportId: ID!)',
      () => ({ exportId: owned().exports.done }),
      { success: 'DeleteExportSuccess', field: 'exportId' },
    ),
    'Subscription.exportProgress(exportId)': {
      ask: caller => api.follow(caller, progress, { id: owned().exports.done }, 1),
      there: [{ errors: [], data: { exportProgress: { total: expect.any(Number) } } }],
      absent: [{ data: undefined, errors: [{ code: 'NOT_FOUND' }] }],
    },
  }
}

async function createOwn(api: TestApi, caller: Caller): Promise<Exports> {
  return await createExports(api, caller, await createDatasets(api, caller))
}
