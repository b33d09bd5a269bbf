import { z } from 'zod'
import { DomainError, IdempotencyConflictError, InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { importTrajectory } from '../../src/imports/import-trajectory.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import { RECORD_FORMAT, RECORD_VERSION } from '../../src/trajectories/trajectory-record.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import type { Context } from '../context.ts'
import { optional } from '../jobs/edit-input.ts'
import { makeJobSuccess, successType } from '../jobs/job-result.ts'
import { listOf, parseInput, textOf } from '../parse-input.ts'
import { recordRule } from './imported-record.ts'

const MAX_TRAJECTORIES = 200

const ImportedTrajectoryInput = builder.inputType('ImportedTrajectoryInput', {
  description: 'A trajectory that was made elsewhere.',
  fields: t => ({
    record: t.field({
      type: 'JSON',
      required: true,
      description: `A line of a JSONL export (\`${RECORD_FORMAT}\`, version ${RECORD_VERSION}) as an object. Its pictures must have been uploaded; \`sha256\` names each, \`path\` is not looked at. Models may be unknown here. A moment that is left out is that of the import.`,
    }),
    batch: t.string({ description: "The batch label it gets instead of the record's own; 1 to 200 characters." }),
    tags: t.stringList({
      description: "Tags it gets beside the record's own; at most 50 together, of 1 to 100 characters.",
    }),
  }),
})

const ImportTrajectoriesInput = builder.inputType('ImportTrajectoriesInput', {
  description: 'Trajectories to import.',
  fields: t => ({
    trajectories: t.field({
      type: [ImportedTrajectoryInput],
      required: true,
      description: `1 to ${MAX_TRAJECTORIES} trajectories.`,
    }),
  }),
})

type Imported = { jobId: string; isNew: boolean }

const importErrors = [InvalidInputError, NotFoundError, IdempotencyConflictError] as const
type ImportError = InstanceType<(typeof importErrors)[number]>

const ImportTrajectorySuccess = makeJobSuccess<Imported>('ImportTrajectorySuccess', 'The trajectory is there.')
builder.objectField(ImportTrajectorySuccess, 'isNew', t =>
  t.exposeBoolean('isNew', { description: 'False: the same record was imported before, and nothing was changed.' }),
)

const ImportTrajectoryResult = builder.errorUnion('ImportTrajectoryResult', {
  description: 'What became of one trajectory.',
  types: [ImportTrajectorySuccess, ...importErrors],
  resolveType: successType('ImportTrajectorySuccess'),
})

const ImportTrajectoriesSuccess = builder
  .objectRef<{ results: (Imported | ImportError)[] }>('ImportTrajectoriesSuccess')
  .implement({
    description: 'Every trajectory was looked at; each that could be imported was, in a transaction of its own.',
    fields: t => ({
      trajectories: t.field({
        type: [ImportTrajectoryResult],
        description: 'What became of each trajectory, in the order of the input.',
        complexity: inPage,
        resolve: imported => imported.results,
      }),
    }),
  })

const ImportTrajectoriesResult = builder.errorUnion('ImportTrajectoriesResult', {
  description: 'What became of an import.',
  types: [ImportTrajectoriesSuccess, InvalidInputError],
  resolveType: successType('ImportTrajectoriesSuccess'),
})

const bounds = `must have 1 to ${MAX_TRAJECTORIES} items`
const inputRule = z.object({
  trajectories: z.array(z.unknown()).min(1, bounds).max(MAX_TRAJECTORIES, bounds),
})

const tagsRule = listOf(textOf(1, 100), 50)
const labelsRule = z.object({ batch: optional(textOf(1, 200)), tags: optional(tagsRule) })

builder.mutationField('importTrajectories', t =>
  t.field({
    type: ImportTrajectoriesResult,
    description: `Makes up to ${MAX_TRAJECTORIES} trajectories that were made elsewhere the tenant's own: finished jobs with their rounds, critiques and log. The same record again changes nothing, and one that is refused does not hold the others back.`,
    args: { input: t.arg({ type: ImportTrajectoriesInput, required: true, description: 'The trajectories.' }) },
    complexity: ({ input }) => ({ field: 1, multiplier: input.trajectories.length }),
    resolve: async (_root, { input }, { deps, caller }) => {
      parseInput(inputRule, input)
      const results: (Imported | ImportError)[] = []
      // One after the other: each commits on its own, in the order given.
      for (const [i, item] of input.trajectories.entries()) {
        results.push(await importOne(deps, caller, item, `trajectories.${i}`))
      }
      return { results }
    },
  }),
)

async function importOne(
  { db }: Context['deps'],
  { tenantId }: Caller,
  { record, ...rest }: typeof ImportedTrajectoryInput.$inferInput,
  at: string,
): Promise<Imported | ImportError> {
  try {
    const trajectory = parseInput(recordRule, record, `${at}.record`)
    const { batch, tags } = parseInput(labelsRule, rest, at)
    const all = parseInput(tagsRule, [...new Set([...trajectory.tags, ...(tags ?? [])])], `${at}.tags`)
    return await importTrajectory(db, { tenantId, trajectory, batch, tags: all, at: `${at}.record.` })
  } catch (error) {
    if (error instanceof DomainError && isImportError(error)) return error
    throw error
  }
}

function isImportError(error: DomainError): error is ImportError {
  return importErrors.some(known => error instanceof known)
}
