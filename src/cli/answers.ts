// What the commands ask the API for, and how they read it: fragments and the schemas of what they bring.

import { z } from 'zod'

const Critique = z.object({
  source: z.string(),
  by: z.string(),
  semantic: z.number().nullable(),
  quality: z.number().nullable(),
  overall: z.number().nullable(),
  isSatisfied: z.boolean().nullable(),
  errorCode: z.string().nullable(),
  reasoning: z.string().nullable(),
  refinedPrompt: z.string().nullable(),
})
export type Critique = z.infer<typeof Critique>

const Image = z.object({
  id: z.string(),
  width: z.number(),
  height: z.number(),
  contentType: z.string(),
  byteSize: z.number(),
  sha256: z.string(),
  url: z.string(),
})
export type Image = z.infer<typeof Image>

const Failure = z.object({ code: z.string(), message: z.string(), isRetryable: z.boolean() })

const Round = z.object({
  id: z.string(),
  index: z.number(),
  candidate: z.number(),
  status: z.string(),
  prompt: z.string(),
  promptSource: z.string(),
  seed: z.number().nullable(),
  isBest: z.boolean(),
  isSatisfied: z.boolean().nullable(),
  editorSeconds: z.number().nullable(),
  editor: z.object({ id: z.string() }),
  image: Image.nullable(),
  critique: Critique.nullable(),
  error: Failure.nullable(),
})
export type Round = z.infer<typeof Round>

const JobHead = z.object({
  id: z.string(),
  kind: z.enum(['EDIT', 'GENERATE', 'FILL']),
  status: z.enum(['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED']),
  stopReason: z.string().nullable(),
  instruction: z.string(),
  createdAt: z.string(),
  run: z.number(),
  editor: z.object({ id: z.string() }),
  thinker: z.object({ id: z.string() }).nullable(),
  settings: z.object({ candidates: z.number(), maxRounds: z.number() }),
  error: Failure.nullable(),
})

/** A job with all that was made for it. */
export const Job = JobHead.extend({
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  cancelRequestedAt: z.string().nullable(),
  queuePosition: z.number().nullable(),
  editorSeconds: z.number(),
  thinkerTokens: z.number(),
  batch: z.string().nullable(),
  tags: z.array(z.string()),
  lastEventSeq: z.number(),
  source: Image.nullable(),
  mask: Image.nullable(),
  rounds: z.array(Round),
  bestRound: z.object({ id: z.string() }).nullable(),
  result: Image.nullable(),
})
export type Job = z.infer<typeof Job>

/** A job in a list: its best score instead of its rounds. */
export const ListedJob = JobHead.extend({
  rounds: z.array(z.object({ index: z.number() })),
  bestRound: z
    .object({ index: z.number(), critique: z.object({ overall: z.number().nullable() }).nullable() })
    .nullable(),
})
export type ListedJob = z.infer<typeof ListedJob>

const base = { seq: z.number(), at: z.string() }
const Known = z.discriminatedUnion('__typename', [
  z.object({ __typename: z.literal('JobQueued'), ...base }),
  z.object({ __typename: z.literal('JobStarted'), ...base }),
  z.object({ __typename: z.literal('JobRetried'), ...base }),
  z.object({ __typename: z.literal('JobCancelRequested'), ...base }),
  z.object({ __typename: z.literal('RoundStarted'), ...base, round: Round }),
  z.object({ __typename: z.literal('RoundEdited'), ...base, round: Round }),
  z.object({ __typename: z.literal('RoundCritiqued'), ...base, round: Round, critique: Critique }),
  z.object({ __typename: z.literal('RoundFailed'), ...base, round: Round, error: Failure }),
  z.object({
    __typename: z.literal('StageRetrying'),
    ...base,
    stage: z.string(),
    code: z.string(),
    retryAt: z.string(),
  }),
  z.object({ __typename: z.literal('CritiqueAdded'), ...base, critique: Critique }),
  z.object({ __typename: z.literal('JobForked'), ...base, fork: z.object({ id: z.string() }).nullable() }),
  z.object({ __typename: z.literal('JobFinished'), ...base, status: z.string(), stopReason: z.string() }),
  z.object({ __typename: z.literal('EventGap'), ...base, reason: z.string() }),
])

/** One event of a job. What a newer server may add has the type `Other`. */
export const JobEvent = Known.or(z.object({ ...base, __typename: z.string().transform(() => 'Other' as const) }))
export type JobEvent = z.infer<typeof JobEvent>

const critiqueFields = `fragment CritiqueFields on Critique {
  source by semantic quality overall isSatisfied errorCode reasoning refinedPrompt
}`
const imageFields = 'fragment ImageFields on Image { id width height contentType byteSize sha256 url }'
const roundFields = `fragment RoundFields on Round {
  id index candidate status prompt promptSource seed isBest isSatisfied editorSeconds
  editor { id } image { ...ImageFields } critique { ...CritiqueFields } error { code message isRetryable }
}`
const headFields = `fragment HeadFields on Job {
  id kind status stopReason instruction createdAt run editor { id } thinker { id } settings { candidates maxRounds }
  error { code message isRetryable }
}`

/** `...JobFields`, for `Job`. */
export const jobFields = `fragment JobFields on Job {
  ...HeadFields startedAt finishedAt cancelRequestedAt queuePosition editorSeconds thinkerTokens batch tags lastEventSeq
  source { ...ImageFields } mask { ...ImageFields } rounds { ...RoundFields } bestRound { id } result { ...ImageFields }
}
${headFields} ${roundFields} ${imageFields} ${critiqueFields}`

/** `...ListedJobFields`, for `ListedJob`. */
export const listedJobFields = `fragment ListedJobFields on Job {
  ...HeadFields rounds { index } bestRound { index critique { overall } }
}
${headFields}`

/** `...JobEventFields`, for `JobEvent`. */
export const jobEventFields = `fragment JobEventFields on JobEvent {
  __typename seq at
  ... on RoundStarted { round { ...RoundFields } }
  ... on RoundEdited { round { ...RoundFields } }
  ... on RoundCritiqued { round { ...RoundFields } critique { ...CritiqueFields } }
  ... on RoundFailed { round { ...RoundFields } error { code message isRetryable } }
  ... on StageRetrying { stage code retryAt }
  ... on CritiqueAdded { critique { ...CritiqueFields } }
  ... on JobForked { fork { id } }
  ... on JobFinished { status stopReason }
  ... on EventGap { reason }
}
${roundFields} ${imageFields} ${critiqueFields}`
