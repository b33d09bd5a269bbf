// What the mutations that start a job share: the fields of their input, their errors, and how images are named.

import { z } from 'zod'
import {
  DomainError,
  IdempotencyConflictError,
  InvalidInputError,
  ModelUnavailableError,
  NotFoundError,
  QuotaExceededError,
} from '../../src/errors.ts'
import { type NewJob, startJobs } from '../../src/jobs/start-jobs.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { toUuid } from '../global-id.ts'
import { parseInput } from '../parse-input.ts'
import { EditSettingsInput } from './edit-input.ts'
import { makeJobSuccess, successType } from './job-result.ts'

const MAX_REFERENCES = 8

type InputFields = PothosSchemaTypes.InputFieldBuilder<typeof builder.$inferSchemaTypes, 'InputObject'>

/** The fields of a job's input besides its pictures. `editor` says which model `editor` names. */
export function startFields(t: InputFields, describe: { instruction: string; editor: string }) {
  return {
    instruction: t.string({ required: true, description: `${describe.instruction}, 1 to 8000 characters.` }),
    editor: t.string({ description: `Model id of the ${describe.editor}; null: what the fleet serves first.` }),
    thinker: t.string({ description: 'Model id of the thinker; null: what the fleet serves first.' }),
    settings: t.field({ type: EditSettingsInput, description: 'How to go about it.' }),
    referenceIds: t.idList({
      description: `Global ids of further Images, where the ${describe.editor} takes them; at most ${MAX_REFERENCES}, and no more than its \`maxReferences\`.`,
    }),
    priority: t.int({ defaultValue: 0, description: "-100 to 100, orders the tenant's own jobs only." }),
    batch: t.string({ description: 'The same label joins the same batch; 1 to 200 characters.' }),
    tags: t.stringList({ description: 'At most 50 of 1 to 100 characters.' }),
    metadata: t.field({ type: 'JSON', description: 'Given back as it is; at most 16 KiB as JSON.' }),
    idempotencyKey: t.string({
      description:
        'The same key with the same input gives the same job again, with another input an IdempotencyConflictError; 1 to 200 characters.',
    }),
  }
}

const startErrors = [
  InvalidInputError,
  NotFoundError,
  QuotaExceededError,
  IdempotencyConflictError,
  ModelUnavailableError,
] as const
export type StartError = InstanceType<(typeof startErrors)[number]>

/** Whether the error is one that a single start declares. */
export function isStartError(error: DomainError): error is StartError {
  return startErrors.some(known => error instanceof known)
}

/** The union `NameResult` of `NameSuccess` { job: Job! } and the errors of a start. */
export function makeStartResult(name: string, description: string) {
  const Success = makeJobSuccess(`${name}Success`, 'The job was started, or found again by its idempotency key.')
  return builder.errorUnion(`${name}Result`, {
    description,
    types: [Success, ...startErrors],
    resolveType: successType(`${name}Success`),
  })
}

/** Starts one job; throws the error that kept it from starting. */
export async function startOne({ deps, caller }: Context, job: NewJob): Promise<{ jobId: string }> {
  const [outcome] = await startJobs(deps.db, caller, [job])
  if (outcome === undefined || outcome instanceof DomainError) throw outcome ?? new Error('No job was started.')
  return { jobId: outcome }
}

/** The uuid behind an Image's global id in `field`. Throws NotFoundError where it is none. */
export function toImageUuid(id: string, field: string): string {
  const uuid = toUuid(id, 'Image')
  if (uuid === null) throw new NotFoundError(field, 'image')
  return uuid
}

const referencesRule = z.array(z.string()).max(MAX_REFERENCES, `must have at most ${MAX_REFERENCES} items`)

/** The same for `referenceIds`; throws InvalidInputError where there are too many. */
export function toReferenceUuids(ids: readonly string[] | null | undefined): string[] {
  return parseInput(referencesRule, ids ?? [], 'referenceIds').map((id, index) =>
    toImageUuid(id, `referenceIds.${index}`),
  )
}
