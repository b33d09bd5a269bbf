// What events name, read as it is today. Plain columns alone in the conditions, so that the reads of one page of events
// go to the database together; the event came from the tenant's own log, and its job id keeps the rest within it.

import { NotFoundError } from '../../src/errors.ts'
import type { Prisma } from '../../src/generated/prisma/client.ts'
import type { Context } from '../context.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'

type JobQuery = { include?: Prisma.JobInclude; select?: Prisma.JobSelect }

/** The event's job; null where it was deleted since. */
export async function findJob(query: JobQuery, jobId: string, { deps, caller }: Context) {
  return await deps.prisma.job.findUnique({ ...query, where: { id: jobId, tenantId: caller.tenantId } })
}

/** The event's job. Throws a NOT_FOUND GraphQLError where it was deleted since. */
export async function loadJob(query: JobQuery, jobId: string, context: Context) {
  return (await findJob(query, jobId, context)) ?? gone('job')
}

/** The event's round; likewise. */
export async function loadRound(
  query: { include?: Prisma.RoundInclude; select?: Prisma.RoundSelect },
  event: { jobId: string; roundId: string },
  context: Context,
) {
  const where = { id: event.roundId, jobId: event.jobId }
  return (await context.deps.prisma.round.findUnique({ ...query, where })) ?? gone('round')
}

/** The event's critique; likewise. */
export async function loadCritique(
  query: { include?: Prisma.CritiqueInclude; select?: Prisma.CritiqueSelect },
  event: { critiqueId: string },
  context: Context,
) {
  return (
    (await context.deps.prisma.critique.findUnique({ ...query, where: { id: event.critiqueId } })) ?? gone('critique')
  )
}

/** The trajectory of the run that ended with event `seq`; likewise, or where it was retried since. */
export async function loadTrajectory(
  query: { include?: Prisma.TrajectoryInclude; select?: Prisma.TrajectorySelect },
  { jobId, seq }: { jobId: string; seq: number },
  { deps, caller }: Context,
) {
  const where = { jobId, seq, tenantId: caller.tenantId }
  return (await deps.prisma.trajectory.findUnique({ ...query, where })) ?? gone('trajectory')
}

function gone(noun: string): never {
  throw toGraphQLError(new NotFoundError(noun, noun))
}
