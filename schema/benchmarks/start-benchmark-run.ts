import { z } from 'zod'
import type { PlainJson } from '../../src/benchmarks/benchmark.ts'
import { isFileName } from '../../src/benchmarks/paper-layout.ts'
import { type RunItem, startRun } from '../../src/benchmarks/start-run.ts'
import { DomainError, InvalidInputError, ModelUnavailableError, QuotaExceededError } from '../../src/errors.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import { EditSettingsInput, jobRule, MAX_METADATA_BYTES, modelIdRule, optional } from '../jobs/edit-input.ts'
import { successType } from '../jobs/job-result.ts'
import { isStartError, makeStartResult, type StartError, toImageUuid, toReferenceUuids } from '../jobs/start-job.ts'
import { jsonOf, parseInput, textOf } from '../parse-input.ts'
import { BenchmarkLanguage, BenchmarkName, BenchmarkRun } from './benchmark-run.ts'

const MAX_ITEMS = 500
const MAX_PICTURES = 8
// Both are part of an idempotency key.
const [MAX_KEY, MAX_TASK_TYPE] = [100, 60]

const BenchmarkItemInput = builder.inputType('BenchmarkItemInput', {
  description: 'An item of a benchmark, its pictures uploaded.',
  fields: t => ({
    key: t.string({
      required: true,
      description: `The authors' own, unique with task type and language; 1 to ${MAX_KEY} characters.`,
    }),
    taskType: t.string({
      required: true,
      description: `What results are grouped by first, such as \`color_alter\`; 1 to ${MAX_TASK_TYPE} characters.`,
    }),
    language: t.field({ type: BenchmarkLanguage, description: 'Of the instruction; null: EN.' }),
    instruction: t.string({ required: true, description: 'What to change, 1 to 8000 characters.' }),
    sourceId: t.id({ required: true, description: 'Global id of the Image to edit.' }),
    referenceIds: t.idList({
      description: 'Global ids of further Images for the editor; at most 8, and no more than its `maxReferences`.',
    }),
    pictures: t.field({
      type: 'JSON',
      description: `Images for the judge alone, an object of name to global id such as { groundTruth }; at most ${MAX_PICTURES}. They are kept as long as the job.`,
    }),
    facts: t.field({
      type: 'JSON',
      description: `What the judge and the score need to know beside that, an object; with the rest of the metadata at most ${MAX_METADATA_BYTES / 1024} KiB.`,
    }),
  }),
})

const StartBenchmarkRunInput = builder.inputType('StartBenchmarkRunInput', {
  description: 'A configuration, and items to edit with it.',
  fields: t => ({
    benchmark: t.field({ type: BenchmarkName, required: true, description: 'Which benchmark.' }),
    editor: t.string({ required: true, description: 'Model id of the editor.' }),
    thinker: t.string({ description: 'Model id of the thinker; required unless `settings.critique` is false.' }),
    settings: t.field({ type: EditSettingsInput, description: 'How to go about it, the same for all items.' }),
    variant: t.string({
      description:
        'What else the results depend on, such as `raw pictures` or `second try`: another one makes another run. 1 to 200 characters.',
    }),
    items: t.field({
      type: [BenchmarkItemInput],
      required: true,
      description: `1 to ${MAX_ITEMS} items. Call again with others to add them to the same run.`,
    }),
  }),
})

const StartBenchmarkItemResult = makeStartResult('StartBenchmarkItem', 'What became of one item.')

type Started = { label: string; fingerprint: string; tenantId: string; results: ({ jobId: string } | StartError)[] }

const StartBenchmarkRunSuccess = builder.objectRef<Started>('StartBenchmarkRunSuccess').implement({
  description: 'Every item was looked at; each that could be started was, or had been before.',
  fields: t => ({
    label: t.exposeString('label', { description: "The run's label, which is the batch label of its jobs." }),
    fingerprint: t.exposeString('fingerprint', { description: "The configuration's fingerprint." }),
    run: t.prismaField({
      type: BenchmarkRun,
      nullable: true,
      description: 'The run as it is now; null where none of its items was ever started.',
      resolve: (query, { label, tenantId }, _args, { deps }) =>
        deps.prisma.benchmarkRun.findUnique({ ...query, where: { tenantId_label: { tenantId, label } } }),
    }),
    jobs: t.field({
      type: [StartBenchmarkItemResult],
      description: 'What became of each item, in the order of the input.',
      complexity: inPage,
      resolve: ({ results }) => results,
    }),
  }),
})

const StartBenchmarkRunResult = builder.errorUnion('StartBenchmarkRunResult', {
  description: 'What became of a run.',
  types: [StartBenchmarkRunSuccess, InvalidInputError, QuotaExceededError, ModelUnavailableError],
  resolveType: successType('StartBenchmarkRunSuccess'),
})

const bounds = `must have 1 to ${MAX_ITEMS} items`
const runRule = z
  .object({
    editor: modelIdRule,
    thinker: optional(modelIdRule),
    settings: jobRule.shape.settings,
    variant: optional(textOf(1, 200)),
    items: z.array(z.unknown()).min(1, bounds).max(MAX_ITEMS, bounds),
  })
  .refine(({ thinker, settings }) => thinker !== null || !settings.critique, {
    message: 'must be given unless settings.critique is false',
    path: ['thinker'],
  })

const object = (maxBytes: number) =>
  jsonOf(maxBytes)
    .refine(value => value == null || (typeof value === 'object' && !Array.isArray(value)), 'must be an object')
    .optional()
    .transform(value => (value ?? {}) as Record<string, PlainJson>) // an object of JSON, as was just seen

/** A text that can be the name of a file, as results are written under it. */
const fileNameOf = (maxLength: number) =>
  textOf(1, maxLength).refine(text => isFileName(text), 'must be fit for the name of a file')

const itemRule = z.object({
  key: fileNameOf(MAX_KEY),
  taskType: fileNameOf(MAX_TASK_TYPE),
  language: z
    .enum(['en', 'cn'])
    .nullish()
    .transform(language => language ?? ('en' as const)),
  instruction: textOf(1, 8000),
  // What is left is the pictures' names and the item's.
  facts: object(MAX_METADATA_BYTES - 4096),
})
const picturesRule = z
  .record(textOf(1, 100), z.string('must be the global id of an Image'))
  .refine(pictures => Object.keys(pictures).length <= MAX_PICTURES, `must have at most ${MAX_PICTURES} items`)

builder.mutationField('startBenchmarkRun', t =>
  t.field({
    type: StartBenchmarkRunResult,
    description: `Starts up to ${MAX_ITEMS} items of a benchmark as jobs of one batch, whose label names the configuration. The same call again does nothing twice, and an item that is refused does not hold the others back.`,
    args: { input: t.arg({ type: StartBenchmarkRunInput, required: true, description: 'What is to be run.' }) },
    complexity: ({ input }) => ({ field: 1, multiplier: input.items.length }),
    resolve: async (_root, { input }, { deps, caller }) => {
      const { items: _, ...configuration } = parseInput(runRule, input)
      const items = input.items.map(item => {
        try {
          return toRunItem(item)
        } catch (error) {
          if (error instanceof DomainError) return error
          throw error
        }
      })
      const whole = items.filter((item): item is RunItem => !(item instanceof DomainError))
      const run = { ...configuration, thinker: configuration.settings.critique ? configuration.thinker : null }
      const started = await startRun(deps.db, caller, { benchmark: input.benchmark, ...run }, whole)
      let next = 0
      const results = items.map(item => {
        const outcome = item instanceof DomainError ? item : started.outcomes[next++]
        if (typeof outcome === 'string') return { jobId: outcome }
        if (outcome && isStartError(outcome)) return outcome
        throw outcome ?? new Error('A run lost one of its items.')
      })
      return { label: started.label, fingerprint: started.fingerprint, tenantId: caller.tenantId, results }
    },
  }),
)

function toRunItem(item: typeof BenchmarkItemInput.$inferInput): RunItem {
  const pictures = Object.entries(parseInput(picturesRule, item.pictures ?? {}, 'pictures')).map(
    ([name, id]) => [name, { id: toImageUuid(id, `pictures.${name}`), givenAs: id }] as const,
  )
  return {
    ...parseInput(itemRule, item),
    sourceId: toImageUuid(item.sourceId, 'sourceId'),
    referenceIds: toReferenceUuids(item.referenceIds),
    pictures: Object.fromEntries(pictures),
  }
}
