import type { JobSettings } from '../../src/jobs/job-row.ts'
import { builder } from '../builder.ts'
import { JobKind, JobStatus, StopReason } from '../enums.ts'
import { Model } from '../fleet/model.ts'
import { toUuid } from '../global-id.ts'
import { Image } from '../images/image.ts'
import { EditSettings } from './edit-settings.ts'
import { JobError, toJobError } from './job-error.ts'

const Size = builder.objectRef<{ width: number; height: number }>('Size').implement({
  description: 'Width and height of a picture.',
  fields: t => ({
    width: t.exposeInt('width', { description: 'In pixels.' }),
    height: t.exposeInt('height', { description: 'In pixels.' }),
  }),
})

export const Job = builder.prismaNode('Job', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId }),
  description: 'One request: an instruction, the images it is about and settings, and every round made for it.',
  fields: t => ({
    kind: t.expose('kind', { type: JobKind, description: 'What it makes.' }),
    status: t.expose('status', { type: JobStatus, description: 'Where it stands.' }),
    stopReason: t.expose('stopReason', {
      type: StopReason,
      nullable: true,
      description: 'Why its last run ended; null while it goes on.',
    }),
    instruction: t.exposeString('instruction', { description: "The user's words; never changed." }),
    source: t.relation('source', { nullable: true, description: 'The image to edit; null for GENERATE.' }),
    mask: t.relation('mask', { nullable: true, description: 'What to fill, in white; null unless FILL.' }),
    size: t.field({
      type: Size,
      nullable: true,
      description: "The size asked for; null: the model's own. GENERATE only.",
      resolve: ({ wantedWidth: width, wantedHeight: height }) =>
        width === null || height === null ? null : { width, height },
    }),
    references: t.field({
      type: [Image],
      description: 'Further images the editor may look at, in the order given.',
      select: (_args, _context, nestedSelection) => ({
        references: { select: { image: nestedSelection(true) }, orderBy: { position: 'asc' as const } },
      }),
      resolve: job => job.references.map(reference => reference.image),
    }),
    editor: t.field({
      type: Model,
      description: 'The model that makes the pictures.',
      resolve: job => ({ id: job.editor }),
    }),
    thinker: t.field({
      type: Model,
      nullable: true,
      description: 'The model that judges; null where `settings.critique` is false.',
      resolve: job => (job.thinker === null ? null : { id: job.thinker }),
    }),
    settings: t.field({
      type: EditSettings,
      description: 'Its settings, defaults filled in.',
      resolve: job => job.settings as unknown as JobSettings, // written by src/jobs alone
    }),
    rounds: t.relation('rounds', {
      description: 'Every round, by index, then candidate; at most 168. Index 0 only with EVALUATE.',
      query: { orderBy: [{ index: 'asc' }, { candidate: 'asc' }] },
    }),
    bestRound: t.relation('bestRound', {
      nullable: true,
      description: 'The round that `settings.select` chooses from what was made; null before the first image.',
    }),
    result: t.field({
      type: Image,
      nullable: true,
      description: "The best round's image.",
      select: (_args, _context, nestedSelection) => ({ bestRound: { select: { image: nestedSelection(true) } } }),
      resolve: job => job.bestRound?.image,
    }),
    error: t.field({
      type: JobError,
      nullable: true,
      description: 'Why it failed; FAILED only.',
      resolve: toJobError,
    }),
    cancelRequestedAt: t.expose('cancelRequestedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When its cancellation was asked for; running stages end within a second or so.',
    }),
    priority: t.exposeInt('priority', { description: "-100 to 100, orders the tenant's own jobs only." }),
    batch: t.exposeString('batch', { nullable: true, description: 'The label it shares with its batch.' }),
    tags: t.exposeStringList('tags', { description: 'Its tags, as given.' }),
    metadata: t.field({
      type: 'JSON',
      nullable: true,
      description: "The caller's own data, given back as it came.",
      resolve: job => job.metadata,
    }),
    forkedFrom: t.relation('forkedFrom', {
      nullable: true,
      description: 'The round it was forked from; null for other jobs, and once that job was deleted.',
    }),
    run: t.exposeInt('run', { description: '1, and one more for each retry.' }),
    queuePosition: t.int({
      nullable: true,
      description:
        'Its place among what waits for its model, from 1 (an estimate: tenants take turns); null unless QUEUED.',
      resolve: (job, _args, context) => (job.status === 'QUEUED' ? context.loaders.queuePosition.load(job.id) : null),
    }),
    lastEventSeq: t.exposeInt('eventSeq', {
      description: 'The seq of its latest event: pass it as `after` to follow from here.',
    }),
    editorSeconds: t.exposeFloat('editorSeconds', { description: 'Seconds of editor time used, all runs together.' }),
    thinkerTokens: t.exposeInt('thinkerTokens', { description: 'Thinker tokens used, all runs together.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was submitted.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When its first stage began.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When its last run ended.' }),
  }),
})

builder.queryField('job', t =>
  t.prismaField({
    type: Job,
    nullable: true,
    description: 'A job by its id; null where the tenant has none such.',
    args: { id: t.arg.id({ required: true, description: 'Global id of a Job.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = toUuid(id, 'Job')
      if (uuid === null) return null
      return context.deps.prisma.job.findUnique({ ...query, where: { id: uuid, tenantId: context.caller.tenantId } })
    },
  }),
)
