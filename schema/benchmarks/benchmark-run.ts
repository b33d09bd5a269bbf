import { benchmarkNames, benchmarks, type BenchmarkName as Name } from '../../src/benchmarks/benchmark.ts'
import type { TaskTypeCounts } from '../../src/benchmarks/count-task-types.ts'
import type { JobSettings, JobStatus } from '../../src/jobs/job-row.ts'
import { builder } from '../builder.ts'
import { Model } from '../fleet/model.ts'
import { Batch } from '../jobs/batch.ts'
import { EditSettings } from '../jobs/edit-settings.ts'
import { loadNewestPage, newestPageArgs } from '../newest-page.ts'

/** The benchmarks; a value is its name in the core. */
export const BenchmarkName = builder.enumType('BenchmarkName', {
  description: 'A benchmark of image editing.',
  values: Object.fromEntries(
    benchmarkNames.map(name => [name.toUpperCase(), { value: name, description: `${benchmarks[name].title}.` }]),
  ) as Record<Uppercase<Name>, { value: Name; description: string }>, // fromEntries forgets the keys
})

/** The languages of items. */
export const BenchmarkLanguage = builder.enumType('BenchmarkLanguage', {
  description: 'The language of an instruction.',
  values: {
    EN: { value: 'en', description: 'English.' },
    CN: { value: 'cn', description: 'Chinese.' },
  } as const,
})

const countOf = ({ counts }: TaskTypeCounts, status: JobStatus) => counts[status] ?? 0

const BenchmarkTaskType = builder.objectRef<TaskTypeCounts>('BenchmarkTaskType').implement({
  description: "A run's items of one task type and language, by where their jobs stand.",
  fields: t => ({
    taskType: t.exposeString('taskType', { description: "The authors' name of it, such as `color_alter`." }),
    language: t.exposeString('language', { description: '`en` or `cn`.' }),
    total: t.int({
      description: 'How many items.',
      resolve: ({ counts }) => Object.values(counts).reduce((sum, count) => sum + count, 0),
    }),
    queued: t.int({ description: 'How many are QUEUED.', resolve: counted => countOf(counted, 'QUEUED') }),
    running: t.int({ description: 'How many are RUNNING.', resolve: counted => countOf(counted, 'RUNNING') }),
    succeeded: t.int({ description: 'How many are SUCCEEDED.', resolve: counted => countOf(counted, 'SUCCEEDED') }),
    failed: t.int({ description: 'How many are FAILED.', resolve: counted => countOf(counted, 'FAILED') }),
    canceled: t.int({ description: 'How many are CANCELED.', resolve: counted => countOf(counted, 'CANCELED') }),
  }),
})

/** A benchmark's items edited with one configuration. */
export const BenchmarkRun = builder.prismaObject('BenchmarkRun', {
  description: "A benchmark's items, or some of them, edited with one configuration: a batch of jobs.",
  fields: t => ({
    label: t.exposeString('label', {
      description: "The batch label of its jobs: `bench/`, the benchmark's name, `/` and the fingerprint.",
    }),
    benchmark: t.field({
      type: BenchmarkName,
      description: 'Which benchmark.',
      resolve: ({ benchmark }) => benchmark as Name, // only startBenchmarkRun writes it
    }),
    fingerprint: t.exposeString('fingerprint', {
      description: 'Twelve hexadecimal digits, equal for equal configurations.',
    }),
    editor: t.field({ type: Model, description: 'The editor.', resolve: ({ editor }) => ({ id: editor }) }),
    thinker: t.field({
      type: Model,
      nullable: true,
      description: 'The thinker; null where `settings.critique` is false.',
      resolve: ({ thinker }) => (thinker === null ? null : { id: thinker }),
    }),
    settings: t.field({
      type: EditSettings,
      description: 'The settings of all its jobs, defaults filled in.',
      resolve: ({ settings }) => settings as unknown as JobSettings, // only startBenchmarkRun writes it
    }),
    variant: t.exposeString('variant', {
      nullable: true,
      description: 'What else tells it from other runs, as it was given.',
    }),
    by: t.exposeString('by', { description: 'The name of the key that started it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When its first items were started.' }),
    batch: t.field({
      type: Batch,
      description: 'Its jobs, counted by status.',
      resolve: async ({ label }, _args, { loaders }) => ({
        label,
        counts: (await loaders.batchCounts.load(label)) ?? {},
      }),
    }),
    taskTypes: t.field({
      type: [BenchmarkTaskType],
      description: 'Its jobs counted by task type and language, in the order of their names; at most a few dozen.',
      resolve: ({ label }, _args, { loaders }) => loaders.taskTypes.load(label),
    }),
  }),
})

builder.queryField('benchmarkRun', t =>
  t.prismaField({
    type: BenchmarkRun,
    nullable: true,
    description: 'A run by its label; null where the tenant has none such.',
    args: { label: t.arg.string({ required: true, description: 'Such as `bench/gedit/0123456789ab`.' }) },
    resolve: (query, _root, args, { deps, caller: { tenantId } }) => {
      const label = args.label.replaceAll('\0', '')
      return deps.prisma.benchmarkRun.findUnique({ ...query, where: { tenantId_label: { tenantId, label } } })
    },
  }),
)

const BenchmarkRunConnection = builder.connectionObject(
  { type: BenchmarkRun, name: 'BenchmarkRunConnection', description: 'A page of runs.' },
  { name: 'BenchmarkRunEdge', description: 'A run and its place in the list.' },
)

builder.queryField('benchmarkRuns', t =>
  t.field({
    type: BenchmarkRunConnection,
    description: "The tenant's benchmark runs, newest first; at most 100 a page.",
    args: {
      benchmark: t.arg({ type: BenchmarkName, description: 'Only runs of it; null: of all.' }),
      ...newestPageArgs,
    },
    resolve: (_root, args, context, info) => {
      const { benchmark } = args
      return loadNewestPage({ kind: 'benchmark-run-cursor', args }, context, info, query =>
        context.deps.prisma.benchmarkRun.findMany({
          ...query,
          where: { ...query.where, ...(benchmark && { benchmark }) },
        }),
      )
    },
  }),
)
