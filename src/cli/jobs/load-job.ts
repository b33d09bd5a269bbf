import { z } from 'zod'
import { Job, jobFields } from '../answers.ts'
import type { ApiClient } from '../api-client.ts'
import { CliError } from '../cli-error.ts'

const document = `query LoadJob($id: ID!) { job(id: $id) { ...JobFields } } ${jobFields}`

/** A job by its global id. Throws CliError where the key's tenant has none such. */
export async function loadJob(api: ApiClient, id: string): Promise<Job> {
  const { job } = await api.run(document, { id }, z.object({ job: Job.nullable() }))
  if (!job) throw new CliError(`There is no job ${id}. "pentimento jobs" lists those there are.`, { code: 'NOT_FOUND' })
  return job
}
