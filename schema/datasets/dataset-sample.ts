import { listSamples, type SampleRow } from '../../src/datasets/list-samples.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import type { Context } from '../context.ts'
import { Image } from '../images/image.ts'
import { Critique } from '../jobs/critique.ts'
import { Job } from '../jobs/job.ts'
import { Round } from '../jobs/round.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { openCursor, sealCursor } from '../signed-cursor.ts'
import { lineageOf } from './dataset-lineage.ts'

const DEFAULT_PAGE = 20
const firstRule = intFrom(0, 100)

const DatasetSample = builder.objectRef<SampleRow>('DatasetSample').implement({
  description: 'One example of a dataset version, and where it comes from.',
  fields: t => ({
    position: t.exposeInt('position', { description: 'Its place in the version, from 0.' }),
    hash: t.exposeString('hash', {
      description: 'SHA-256 of what it says, hex: texts, scores and pictures, no ids and no times.',
    }),
    split: t.exposeString('split', { description: 'The split it is in.' }),
    isDeleted: t.exposeBoolean('isDeleted', {
      description: 'Its trajectory was deleted, or went on by a retry: exports leave it out.',
    }),
    content: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it says; `kind` is TRAJECTORY, STEP or PAIR. Pictures by hash. Null: deleted.',
      resolve: async ({ versionId, position }, _args, context) => {
        const sample = await lineageOf(context).sample.load({ versionId, position })
        // Where bytes lie is nobody's business: pictures are read through Image.
        return (
          sample &&
          JSON.parse(JSON.stringify(sample.content, (key, value) => (key === 'objectKey' ? undefined : value)))
        )
      },
    }),
    job: t.field({
      type: Job,
      nullable: true,
      description: 'The job it comes from; null: deleted.',
      resolve: ({ jobId }, _args, context) => lineageOf(context).job.load(jobId),
    }),
    round: t.field({
      type: Round,
      nullable: true,
      description: 'The round it is about, of a pair the better; null: deleted, or the whole trajectory.',
      resolve: ({ roundId }, _args, context) => (roundId === null ? null : lineageOf(context).round.load(roundId)),
    }),
    rejectedRound: t.field({
      type: Round,
      nullable: true,
      description: 'The worse round of a pair; null: deleted, or no pair.',
      resolve: ({ rejectedId }, _args, context) =>
        rejectedId === null ? null : lineageOf(context).round.load(rejectedId),
    }),
    critique: t.field({
      type: Critique,
      nullable: true,
      description: 'The critique that a step answers with; null: deleted, or no step.',
      resolve: ({ critiqueId }, _args, context) =>
        critiqueId === null ? null : lineageOf(context).critique.load(critiqueId),
    }),
    image: t.prismaField({
      type: Image,
      nullable: true,
      description: 'The picture of `round`.',
      resolve: async (query, { roundId }, _args, context) => {
        const id = roundId === null ? null : (await lineageOf(context).round.load(roundId))?.imageId
        const { deps, caller } = context
        return id ? deps.prisma.image.findUnique({ ...query, where: { id, tenantId: caller.tenantId } }) : null
      },
    }),
  }),
})

/** Which samples a page shows: see SampleList. */
type Selection = { versionId: string; split?: string | null; lackedBy?: string | null }
type PageArgs = { first?: number | null | undefined; after?: string | null | undefined }
type Edge = { cursor: string; node: SampleRow }
type Page = { edges: Edge[]; hasNextPage: boolean; hasPreviousPage: boolean }

const DatasetSampleEdge = builder.objectRef<Edge>('DatasetSampleEdge').implement({
  description: 'A sample and its place in the list.',
  fields: t => ({
    cursor: t.exposeString('cursor', { description: 'Its place in the list, for `after`. Opaque.' }),
    node: t.expose('node', { type: DatasetSample, description: 'The item.', complexity: inPage }),
  }),
})

/** A page of a version's samples, by `loadSamplePage`. */
export const DatasetSampleConnection = builder.objectRef<Page>('DatasetSampleConnection').implement({
  description: 'A page of samples.',
  fields: t => ({
    edges: t.expose('edges', {
      type: [DatasetSampleEdge],
      description: 'The items of this page, in order.',
      complexity: inPage,
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Whether there is more, and where this page begins and ends.',
      resolve: ({ edges, hasNextPage, hasPreviousPage }) => ({
        ...{ hasNextPage, hasPreviousPage },
        startCursor: edges[0]?.cursor ?? null,
        endCursor: edges.at(-1)?.cursor ?? null,
      }),
    }),
  }),
})

/** The page that these arguments ask for. The version is one of the caller's. */
export async function loadSamplePage(context: Context, selection: Selection, args: PageArgs): Promise<Page> {
  const first = parseArgument(firstRule, args.first ?? DEFAULT_PAGE, 'first')
  const { versionId, split = null, lackedBy = null } = selection
  const kind = 'dataset-sample-cursor'
  const after = args.after
    ? openCursor(context, { kind, cursor: args.after, argument: 'after' }, text => {
        const [version, position] = text.split(' ')
        return version === versionId ? Number(position) : null
      })
    : -1
  const rows = await listSamples(context.deps.db, { versionId, after, first: first + 1, split, lackedBy })
  const edges = rows.slice(0, first).map(node => ({
    node,
    cursor: sealCursor(context, kind, `${versionId} ${node.position}`),
  }))
  return { edges, hasNextPage: rows.length > first, hasPreviousPage: after >= 0 }
}
