import { builder } from '../builder.ts'

/** Why a job or a round failed, as stored: a sentence fit for users. */
export type JobErrorShape = { code: string; message: string; isRetryable: boolean }

export const JobError = builder.objectRef<JobErrorShape>('JobError').implement({
  description: 'Why a job or a round failed.',
  fields: t => ({
    code: t.exposeString('code', { description: 'Stable name of the failure.' }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
    isRetryable: t.exposeBoolean('isRetryable', { description: 'Whether trying again may help.' }),
  }),
})

/** The error in a row's three columns; null where there is none. */
export function toJobError(row: {
  errorCode: string | null
  errorMessage: string | null
  errorIsRetryable: boolean | null
}): JobErrorShape | null {
  if (row.errorCode === null) return null
  return { code: row.errorCode, message: row.errorMessage ?? '', isRetryable: row.errorIsRetryable ?? false }
}
