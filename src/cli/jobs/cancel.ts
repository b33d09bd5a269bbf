import { Command } from 'commander'
import { z } from 'zod'
import { Job, jobFields } from '../answers.ts'
import type { ApiClient } from '../api-client.ts'
import { openSession, printJson } from '../session.ts'

const document = `mutation Cancel($jobId: ID!) {
  cancelJob(jobId: $jobId) {
    __typename ... on CancelJobSuccess { job { ...JobFields } } ... on Error { code message }
  }
}
${jobFields}`

/** Asks a job to stop; the job as it is then. Throws CliError where there is none or it has ended. */
export async function cancelJob(api: ApiClient, jobId: string): Promise<Job> {
  const { job } = await api.mutate(document, { jobId }, z.object({ job: Job }))
  return job
}

/** `pentimento cancel`. */
export function cancelCommand(): Command {
  return new Command('cancel')
    .description('stop a job; what it has made stays')
    .argument('<job>', 'the id of the job')
    .action(async (jobId: string, _options: unknown, command: Command) => {
      const { api, isJson } = openSession(command)
      const job = await cancelJob(api, jobId)
      if (isJson) printJson({ __typename: 'Job', ...job })
      else if (job.status === 'CANCELED') console.log('The job is canceled.')
      else console.log('The job will be canceled as soon as its running stages have ended.')
    })
}
