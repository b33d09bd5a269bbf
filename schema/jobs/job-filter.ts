import { z } from 'zod'
import type { Prisma } from '../../src/generated/prisma/client.ts'
import type { JobFilter } from '../../src/jobs/cancel-job.ts'
import { builder } from '../builder.ts'
import { JobStatus } from '../enums.ts'
import { listOf, textOf } from '../parse-input.ts'

export const JobFilterInput = builder.inputType('JobFilter', {
  description: 'Which jobs. Fields that are given must all match; a list matches any of its members, but for `tags`.',
  fields: t => ({
    status: t.field({ type: [JobStatus], description: 'Jobs in one of these.' }),
    editor: t.stringList({ description: 'Jobs of one of these editors, by model id; at most 100.' }),
    thinker: t.stringList({ description: 'Jobs of one of these thinkers, by model id; at most 100.' }),
    tags: t.stringList({ description: 'Jobs that carry all of these tags; at most 50.' }),
    batch: t.string({ description: 'Jobs with this batch label.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Jobs submitted after this moment.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Jobs submitted before this moment.' }),
  }),
})

const name = textOf(1, 200)

/** Reads a JobFilter; what is null or left out does not filter. */
export const jobFilterRule: z.ZodType<JobFilter> = z
  .object({
    status: listOf(z.enum(['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED']), 20).nullish(),
    editor: listOf(name, 100).nullish(),
    thinker: listOf(name, 100).nullish(),
    tags: listOf(textOf(1, 100), 50).nullish(),
    batch: textOf(1, 200).nullish(),
    createdAfter: z.date().nullish(),
    createdBefore: z.date().nullish(),
  })
  .transform(({ status, editor, thinker, tags, batch, createdAfter, createdBefore }) => ({
    ...(status && { status }),
    ...(editor && { editor }),
    ...(thinker && { thinker }),
    ...(tags && { tags }),
    ...(typeof batch === 'string' && { batch }),
    ...(createdAfter && { createdAfter }),
    ...(createdBefore && { createdBefore }),
  }))

/** The filter for reading; the tenant is added by whoever reads. */
export function toWhere(filter: JobFilter): Prisma.JobWhereInput {
  const { status, editor, thinker, tags, batch, createdAfter, createdBefore } = filter
  return {
    ...(status && { status: { in: status } }),
    ...(editor && { editor: { in: editor } }),
    ...(thinker && { thinker: { in: thinker } }),
    ...(tags && { tags: { hasEvery: tags } }),
    ...(batch !== undefined && { batch }),
    ...((createdAfter || createdBefore) && {
      createdAt: { ...(createdAfter && { gt: createdAfter }), ...(createdBefore && { lt: createdBefore }) },
    }),
  }
}
