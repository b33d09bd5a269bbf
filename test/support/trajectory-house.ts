import { encodeGlobalId } from '../../schema/global-id.ts'
import { cancelJob } from '../../src/jobs/cancel-job.ts'
import { recordEdit } from '../../src/jobs/record-edit.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './graphql.ts'
import { playJob } from './play-job.ts'
import { createCaller } from './seed.ts'
import { newJob, seedImage, seedModels, startJob, takeOne } from './stage-driver.ts'

/** The finished jobs of `openTrajectories`, in the order in which they were submitted and ended. */
export const endedNames = ['risen', 'fallen', 'single', 'unjudged', 'canceled'] as const

/** The source image of `single`; the others share one. */
export const singleSource = 'f'.repeat(64)

export type TrajectoryPage = {
  totalCount: number
  edges: { cursor: string; node: { job: { id: string } } }[]
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
}

/** A caller of role WRITE whose tenant has finished jobs of many kinds, known by name, and one that goes on. */
export type TrajectoryHouse = {
  api: TestApi
  caller: Caller
  /** Global ids of the jobs by name. */
  ids: Record<string, string>
  /** A page by the arguments of `trajectories`; names of its jobs. */
  page(variables: Record<string, unknown>, reader?: Caller): Promise<TrajectoryPage>
  namesOf(page: TrajectoryPage): string[]
  /** The fields of `Job.trajectory`. */
  trajectoryOf(name: string): Promise<Record<string, unknown> & { seconds: number; finishedAt: string }>
}

export const trajectoriesDocument = `query($filter: TrajectoryFilter, $orderBy: TrajectoryOrder, $first: Int, $after: String, $asOf: String) {
  trajectories(filter: $filter, orderBy: $orderBy, first: $first, after: $after, asOf: $asOf) {
    totalCount
    edges { cursor node { job { id } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`
const FIELDS = `status stopReason rounds firstOverall bestOverall lastOverall gain variance bestIndex seconds editorSeconds
  thinkerTokens hasHumanCritique agreement createdAt finishedAt`

export async function openTrajectories(): Promise<TrajectoryHouse> {
  const api = await openTestApi()
  await seedModels(api.db)
  const caller = await createCaller(api.db, 'WRITE')
  const ids = await seedTrajectories(api, caller)
  return {
    ...{ api, caller, ids },
    page: async (variables, reader = caller) => (await api.get(reader, trajectoriesDocument, variables)).trajectories,
    namesOf: ({ edges }) =>
      edges.map(({ node }) => Object.keys(ids).find(name => ids[name] === node.job.id) ?? node.job.id),
    async trajectoryOf(name) {
      const document = `query($id: ID!) { job(id: $id) { trajectory { ${FIELDS} } } }`
      return (await api.get(caller, document, { id: ids[name] })).job.trajectory
    },
  }
}

async function seedTrajectories(api: TestApi, caller: Caller): Promise<Record<string, string>> {
  const { db } = api
  const { tenantId } = caller
  const imageId = await seedImage(db, tenantId)
  const risen = {
    scores: [
      [4, 4],
      [9, 9],
    ],
    ...{ tags: ['sky', 'night'], batch: 'one', instruction: 'Make the red car brighter', seconds: 4 },
    metadata: { suite: 'train', task: { type: 'color', level: 2 } },
  } as const
  const fallen = {
    scores: [
      [6, 6],
      [6, 6],
      [5, 5],
    ],
    ...{ tags: ['sky'], batch: 'two', instruction: 'A storm without rain', metadata: { suite: 'test' } },
  } as const
  const single = {
    scores: [[9, 9]],
    ...{ sourceId: await seedImage(db, tenantId, singleSource), instruction: 'Storms over the blue house' },
    metadata: { flagged: null },
  } as const
  const jobIds: string[] = []
  for (const { scores, ...job } of [risen, fallen, single]) {
    jobIds.push(await playJob(db, { tenantId, imageId }, scores, { ...job, tags: 'tags' in job ? [...job.tags] : [] }))
  }
  const unjudged = await startJob(db, tenantId, newJob(imageId, { thinker: null, loop: { critique: false } }))
  await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1, endpointId: null })
  const canceled = await startJob(db, tenantId, newJob(imageId))
  await cancelJob(db, { tenantId, jobId: canceled })
  await startJob(db, tenantId, newJob(imageId, { editor: 'flux-kontext-dev' }))
  const all = [...jobIds, unjudged, canceled].map(id => encodeGlobalId('Job', id))
  const ids = Object.fromEntries(endedNames.map((name, index) => [name, all[index] ?? '']))
  await criticise(api, caller, ids.risen ?? '', { semantic: 7, quality: 7 })
  return ids
}

/** Adds a person's critique to a job's last round, through the API. */
export async function criticise(
  api: TestApi,
  caller: Caller,
  jobId: string,
  scores: { semantic: number; quality: number },
): Promise<void> {
  const { job } = await api.get(caller, 'query($id: ID!) { job(id: $id) { rounds { id } } }', { id: jobId })
  const document = 'mutation($input: AddCritiqueInput!) { addCritique(input: $input) { __typename } }'
  await api.get(caller, document, { input: { roundId: job.rounds.at(-1).id, ...scores } })
}
