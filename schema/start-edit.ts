import { z } from 'zod'
import {
  DomainError,
  IdempotencyConflictError,
  InvalidInputError,
  ModelUnavailableError,
  NotFoundError,
  QuotaExceededError,
} from '../src/errors.ts'
import { type NewJob, startJobs } from '../src/jobs/start-jobs.ts'
import { builder } from './builder.ts'
import { inPage } from './complexity.ts'
import { EditSettingsInput, jobRule } from './edit-input.ts'
import { toUuid } from './global-id.ts'
import { makeJobSuccess, successType } from './job-result.ts'
import { parseInput, textOf } from './parse-input.ts'

const MAX_EDITS = 500
const MAX_REFERENCES = 8

const StartEditInput = builder.inputType('StartEditInput', {
  description: 'An edit to start.',
  fields: t => ({
    sourceId: t.id({ required: true, description: 'Global id of the Image to edit.' }),
    instruction: t.string({ required: true, description: 'What to change, 1 to 8000 characters.' }),
    editor: t.string({ description: 'Model id of the editor; null: what the fleet serves first.' }),
    thinker: t.string({ description: 'Model id of the thinker; null: what the fleet serves first.' }),
    settings: t.field({ type: EditSettingsInput, description: 'How to go about it.' }),
    referenceIds: t.idList({
      description: `Global ids of further Images, where the editor takes them; at most ${MAX_REFERENCES}.`,
    }),
    priority: t.int({ defaultValue: 0, description: "-100 to 100, orders the tenant's own jobs only." }),
    batch: t.string({ description: 'The same label joins the same batch; 1 to 200 characters.' }),
    tags: t.stringList({ description: 'At most 50 of 1 to 100 characters.' }),
    metadata: t.field({ type: 'JSON', description: 'Given back as it is; at most 16 KiB as JSON.' }),
    idempotencyKey: t.string({
      description:
        'The same key with the same input gives the same job again, with another input an IdempotencyConflictError; 1 to 200 characters.',
    }),
  }),
})

const StartEditsInput = builder.inputType('StartEditsInput', {
  description: 'Many edits to start at once.',
  fields: t => ({
    edits: t.field({ type: [StartEditInput], required: true, description: `1 to ${MAX_EDITS} edits.` }),
    batch: t.string({ description: 'The batch label of every edit that has none of its own; 1 to 200 characters.' }),
  }),
})

const StartEditSuccess = makeJobSuccess(
  'StartEditSuccess',
  'The job was started, or found again by its idempotency key.',
)

const editErrors = [
  InvalidInputError,
  NotFoundError,
  QuotaExceededError,
  IdempotencyConflictError,
  ModelUnavailableError,
] as const
type EditError = InstanceType<(typeof editErrors)[number]>

const StartEditResult = builder.errorUnion('StartEditResult', {
  description: 'What became of one edit.',
  types: [StartEditSuccess, ...editErrors],
  resolveType: successType('StartEditSuccess'),
})

type StartedBatch = { batch: string | null; results: ({ jobId: string } | EditError)[] }

const StartEditsSuccess = builder.objectRef<StartedBatch>('StartEditsSuccess').implement({
  description: 'Every edit was looked at; each that could be started was, in one transaction.',
  fields: t => ({
    batch: t.exposeString('batch', { nullable: true, description: "The input's batch label." }),
    jobs: t.field({
      type: [StartEditResult],
      description: 'What became of each edit, in the order of the input.',
      complexity: inPage,
      resolve: started => started.results,
    }),
  }),
})

const StartEditsResult = builder.errorUnion('StartEditsResult', {
  description: 'What became of a batch.',
  types: [StartEditsSuccess, InvalidInputError, QuotaExceededError],
  resolveType: successType('StartEditsSuccess'),
})

type EditInput = typeof StartEditInput.$inferInput

/** The checked edit. Throws InvalidInputError, or NotFoundError for an id that is none. */
function toNewJob(input: EditInput): NewJob {
  const { sourceId, referenceIds, ...rest } = input
  const source = toUuid(sourceId, 'Image')
  if (source === null) throw new NotFoundError('sourceId', 'image')
  const ids = parseInput(referencesRule, referenceIds ?? [], 'referenceIds')
  const references = ids.map((id, index) => {
    const uuid = toUuid(id, 'Image')
    if (uuid === null) throw new NotFoundError(`referenceIds.${index}`, 'image')
    return uuid
  })
  return { kind: 'EDIT', sourceId: source, referenceIds: references, ...parseInput(jobRule, rest) }
}

function isEditError(error: DomainError): error is EditError {
  return editErrors.some(known => error instanceof known)
}

const referencesRule = z.array(z.string()).max(MAX_REFERENCES, `must have at most ${MAX_REFERENCES} items`)
const batchRule = z.object({
  batch: textOf(1, 200).nullish(),
  edits: z
    .array(z.unknown())
    .min(1, `must have 1 to ${MAX_EDITS} items`)
    .max(MAX_EDITS, `must have 1 to ${MAX_EDITS} items`),
})

builder.mutationFields(t => ({
  startEdit: t.field({
    type: StartEditResult,
    description: 'Starts an edit: the editor works, the thinker judges and refines, until the stop rule is met.',
    args: { input: t.arg({ type: StartEditInput, required: true, description: 'The edit.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const [outcome] = await startJobs(deps.db, caller, [toNewJob(input)])
      if (outcome === undefined || outcome instanceof DomainError) throw outcome ?? new Error('No job was started.')
      return { jobId: outcome }
    },
  }),
  startEdits: t.field({
    type: StartEditsResult,
    description: `Starts up to ${MAX_EDITS} edits in one transaction. An edit that is refused does not hold the others back.`,
    args: { input: t.arg({ type: StartEditsInput, required: true, description: 'The edits.' }) },
    complexity: ({ input }) => ({ field: 1, multiplier: input.edits.length }),
    resolve: async (_root, { input }, { deps, caller }) => {
      const { batch = null } = parseInput(batchRule, input)
      const items = input.edits.map(edit => {
        try {
          return toNewJob({ ...edit, batch: edit.batch ?? batch })
        } catch (error) {
          if (error instanceof DomainError) return error
          throw error
        }
      })
      const jobs = items.filter((item): item is NewJob => !(item instanceof DomainError))
      const outcomes = jobs.length > 0 ? await startJobs(deps.db, caller, jobs) : []
      let next = 0
      const results = items.map(item => {
        const outcome = item instanceof DomainError ? item : outcomes[next++]
        if (typeof outcome === 'string') return { jobId: outcome }
        if (outcome && isEditError(outcome)) return outcome
        throw outcome ?? new Error('A batch lost one of its edits.')
      })
      return { batch, results }
    },
  }),
}))
