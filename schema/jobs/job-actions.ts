import {
  InvalidInputError,
  JobActiveError,
  JobFinishedError,
  JobNotFailedError,
  NotFoundError,
} from '../../src/errors.ts'
import { cancelJob, cancelJobs } from '../../src/jobs/cancel-job.ts'
import { deleteJob } from '../../src/jobs/delete-job.ts'
import { retryJob } from '../../src/jobs/retry-job.ts'
import { builder } from '../builder.ts'
import { encodeGlobalId, toUuid } from '../global-id.ts'
import { parseInput } from '../parse-input.ts'
import { JobFilterInput, jobFilterRule } from './job-filter.ts'
import { makeJobSuccess, successType } from './job-result.ts'

const CancelJobResult = builder.errorUnion('CancelJobResult', {
  description: 'What became of a cancellation.',
  types: [
    makeJobSuccess('CancelJobSuccess', 'The job is canceled, or will be as soon as its running stages have ended.'),
    NotFoundError,
    JobFinishedError,
  ],
  resolveType: successType('CancelJobSuccess'),
})

const CancelJobsSuccess = builder.objectRef<{ count: number }>('CancelJobsSuccess').implement({
  description: 'Every matching job was asked to stop.',
  fields: t => ({
    count: t.exposeInt('count', { description: 'How many were; those that had ended or were canceling do not count.' }),
  }),
})

const CancelJobsResult = builder.errorUnion('CancelJobsResult', {
  description: 'What became of a cancellation of many.',
  types: [CancelJobsSuccess, InvalidInputError],
  resolveType: successType('CancelJobsSuccess'),
})

const RetryJobResult = builder.errorUnion('RetryJobResult', {
  description: 'What became of a retry.',
  types: [makeJobSuccess('RetryJobSuccess', 'The job goes on.'), NotFoundError, JobNotFailedError],
  resolveType: successType('RetryJobSuccess'),
})

const DeleteJobSuccess = builder.objectRef<{ jobId: string }>('DeleteJobSuccess').implement({
  description: 'The job is gone, with its rounds, critiques and events.',
  fields: t => ({
    deletedId: t.id({
      description: 'The global id it had.',
      resolve: ({ jobId }) => encodeGlobalId('Job', jobId),
    }),
  }),
})

const DeleteJobResult = builder.errorUnion('DeleteJobResult', {
  description: 'What became of a deletion.',
  types: [DeleteJobSuccess, NotFoundError, JobActiveError],
  resolveType: successType('DeleteJobSuccess'),
})

const jobIdDescription = 'Global id of the Job.'

builder.mutationFields(t => ({
  cancelJob: t.field({
    type: CancelJobResult,
    description:
      'Stops a job: waiting stages end at once, running ones are aborted within a second or so. What was made stays. Again, or for a canceled job: changes nothing.',
    args: { jobId: t.arg.id({ required: true, description: jobIdDescription }) },
    resolve: async (_root, args, { deps, caller }) => {
      const jobId = toJobId(args.jobId)
      await cancelJob(deps.db, { tenantId: caller.tenantId, jobId })
      return { jobId }
    },
  }),
  cancelJobs: t.field({
    type: CancelJobsResult,
    description: "Stops every unfinished job of the tenant's that matches, each in a step of its own.",
    args: { filter: t.arg({ type: JobFilterInput, required: true, description: 'Which jobs; {}: all.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const filter = parseInput(jobFilterRule, args.filter, 'filter')
      return { count: await cancelJobs(deps.db, { tenantId: caller.tenantId, filter }) }
    },
  }),
  retryJob: t.field({
    type: RetryJobResult,
    description: 'Lets a FAILED job go on from its last good round, with its limits anew.',
    args: { jobId: t.arg.id({ required: true, description: jobIdDescription }) },
    resolve: async (_root, args, { deps, caller }) => {
      const jobId = toJobId(args.jobId)
      await retryJob(deps.db, { tenantId: caller.tenantId, jobId })
      return { jobId }
    },
  }),
  deleteJob: t.field({
    type: DeleteJobResult,
    description:
      'Removes a finished job with its rounds, critiques and events. Forks of it keep their images; their parent becomes null.',
    args: { jobId: t.arg.id({ required: true, description: jobIdDescription }) },
    resolve: async (_root, args, { deps, caller }) => {
      const jobId = toJobId(args.jobId)
      await deleteJob(deps.db, { tenantId: caller.tenantId, jobId })
      return { jobId }
    },
  }),
}))

function toJobId(id: string): string {
  const uuid = toUuid(id, 'Job')
  if (uuid === null) throw new NotFoundError('jobId', 'job')
  return uuid
}
