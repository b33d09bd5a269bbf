import { z } from 'zod'
import { DomainError, InvalidInputError, QuotaExceededError } from '../../src/errors.ts'
import { type NewJob, startJobs } from '../../src/jobs/start-jobs.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import { parseInput, textOf } from '../parse-input.ts'
import { jobRule } from './edit-input.ts'
import { successType } from './job-result.ts'
import {
  isStartError,
  makeStartResult,
  type StartError,
  startFields,
  startOne,
  toImageUuid,
  toReferenceUuids,
} from './start-job.ts'

const MAX_EDITS = 500

const StartEditInput = builder.inputType('StartEditInput', {
  description: 'An edit to start.',
  fields: t => ({
    sourceId: t.id({ required: true, description: 'Global id of the Image to edit.' }),
    ...startFields(t, { instruction: 'What to change', editor: 'editor' }),
  }),
})

const StartEditsInput = builder.inputType('StartEditsInput', {
  description: 'Many edits to start at once.',
  fields: t => ({
    edits: t.field({ type: [StartEditInput], required: true, description: `1 to ${MAX_EDITS} edits.` }),
    batch: t.string({ description: 'The batch label of every edit that has none of its own; 1 to 200 characters.' }),
  }),
})

const StartEditResult = makeStartResult('StartEdit', 'What became of one edit.')

type StartedBatch = { batch: string | null; results: ({ jobId: string } | StartError)[] }

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

/** The checked edit. Throws InvalidInputError, or NotFoundError for an id that is none. */
function toNewJob({ sourceId, referenceIds, ...rest }: typeof StartEditInput.$inferInput): NewJob {
  return {
    kind: 'EDIT',
    sourceId: toImageUuid(sourceId, 'sourceId'),
    maskId: null,
    size: null,
    referenceIds: toReferenceUuids(referenceIds),
    ...parseInput(jobRule, rest),
  }
}

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
    resolve: (_root, { input }, context) => startOne(context, toNewJob(input)),
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
        if (outcome && isStartError(outcome)) return outcome
        throw outcome ?? new Error('A batch lost one of its edits.')
      })
      return { batch, results }
    },
  }),
}))
