import { DomainError, NotFoundError } from '../../src/errors.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { Job } from './job.ts'

/** The success of a mutation that gives a job: `name` { job: Job! }. The job is read when it is asked for. */
export function makeJobSuccess<Shape extends { jobId: string } = { jobId: string }>(name: string, description: string) {
  return builder.objectRef<Shape>(name).implement({
    description,
    fields: t => ({
      job: t.prismaField({
        type: Job,
        description: 'The job as it is now.',
        resolve: async (query, { jobId }, _args, { deps, caller }) => {
          const where = { id: jobId, tenantId: caller.tenantId }
          const job = await deps.prisma.job.findUnique({ ...query, where })
          if (job === null) throw toGraphQLError(new NotFoundError('jobId', 'job')) // deleted by another caller just now
          return job
        },
      }),
    }),
  })
}

/** The type of a union's member that is no error. */
export function successType(name: string): (value: unknown) => string | undefined {
  return value => (value instanceof DomainError ? undefined : name)
}
