import type { JobEvent, LoggedEvent } from '../../src/events/job-event.ts'
import { builder } from '../builder.ts'
import { JobStatus, Stage, StopReason } from '../enums.ts'
import { Critique } from '../jobs/critique.ts'
import { Job } from '../jobs/job.ts'
import { JobError } from '../jobs/job-error.ts'
import { Round } from '../jobs/round.ts'
import { findJob, loadCritique, loadJob, loadRound } from './load-event-object.ts'

type Type = JobEvent['type']
type EventOf<T extends Type> = JobEvent & { type: T }

const typeNames: Record<Type, string> = {
  JOB_QUEUED: 'JobQueued',
  JOB_STARTED: 'JobStarted',
  ROUND_STARTED: 'RoundStarted',
  ROUND_EDITED: 'RoundEdited',
  ROUND_CRITIQUED: 'RoundCritiqued',
  ROUND_FAILED: 'RoundFailed',
  STAGE_RETRYING: 'StageRetrying',
  JOB_CANCEL_REQUESTED: 'JobCancelRequested',
  JOB_FINISHED: 'JobFinished',
  JOB_RETRIED: 'JobRetried',
  JOB_FORKED: 'JobForked',
  CRITIQUE_ADDED: 'CritiqueAdded',
  EVENT_GAP: 'EventGap',
}

const jobDescription = 'The job as it is now, which may be further than the event.'

export const JobEventRef = builder.interfaceRef<JobEvent>('JobEvent').implement({
  description:
    "One entry of a job's log. What the event itself says is as it was then; `job`, `round` and `critique` are as they are now.",
  resolveType: event => typeNames[event.type],
  fields: t => ({
    seq: t.exposeInt('seq', { description: 'Counts 1, 2, 3 ... within the job, without gaps.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    job: t.prismaField({
      type: Job,
      nullable: true,
      description: jobDescription,
      resolve: (query, event, _args, context) => (event.jobId === null ? null : findJob(query, event.jobId, context)),
    }),
  }),
})

const interfaces = [JobEventRef]

/** A type of event with the fields that every logged event has. */
function eventRef<T extends LoggedEvent['type']>(type: T) {
  const ref = builder.objectRef<EventOf<T>>(typeNames[type])
  builder.objectField(ref, 'job', t =>
    t.prismaField({
      type: Job,
      description: jobDescription,
      resolve: (query, event, _args, context) => loadJob(query, event.jobId ?? '', context),
    }),
  )
  return ref
}

eventRef('JOB_QUEUED').implement({ interfaces, description: 'The job was submitted.' })
eventRef('JOB_STARTED').implement({ interfaces, description: 'The first stage of a run began.' })
eventRef('JOB_CANCEL_REQUESTED').implement({ interfaces, description: 'The job was asked to stop.' })
eventRef('JOB_RETRIED').implement({ interfaces, description: 'A failed job goes on in a new run.' })

eventRef('ROUND_STARTED').implement({
  interfaces,
  description: "A round's edit began; for round 0 its critique.",
  fields: t => ({
    round: t.prismaField({
      type: Round,
      description: 'The round as it is now.',
      resolve: (query, event, _args, context) => loadRound(query, event, context),
    }),
  }),
})

eventRef('ROUND_EDITED').implement({
  interfaces,
  description: 'A round has its image.',
  fields: t => ({
    round: t.prismaField({
      type: Round,
      description: 'The round as it is now.',
      resolve: (query, event, _args, context) => loadRound(query, event, context),
    }),
  }),
})

eventRef('ROUND_CRITIQUED').implement({
  interfaces,
  description: 'The thinker judged a round.',
  fields: t => ({
    round: t.prismaField({
      type: Round,
      description: 'The round as it is now.',
      resolve: (query, event, _args, context) => loadRound(query, event, context),
    }),
    critique: t.prismaField({
      type: Critique,
      description: 'What the thinker said.',
      resolve: (query, event, _args, context) => loadCritique(query, event, context),
    }),
  }),
})

eventRef('ROUND_FAILED').implement({
  interfaces,
  description: 'A round failed for good.',
  fields: t => ({
    round: t.prismaField({
      type: Round,
      description: 'The round as it is now.',
      resolve: (query, event, _args, context) => loadRound(query, event, context),
    }),
    error: t.expose('error', { type: JobError, description: 'Why.' }),
  }),
})

eventRef('STAGE_RETRYING').implement({
  interfaces,
  description: 'A stage failed and will be tried again, or goes to a fallback editor (code `EDITOR_FALLBACK`).',
  fields: t => ({
    stage: t.expose('stage', { type: Stage, description: 'Which step of work.' }),
    code: t.exposeString('code', { description: 'Stable name of the failure, or of the reason.' }),
    retryAt: t.expose('retryAt', { type: 'DateTime', description: 'Not before this moment.' }),
  }),
})

eventRef('JOB_FINISHED').implement({
  interfaces,
  description: 'A run ended. Feedback, a fork or a retry may still follow.',
  fields: t => ({
    status: t.expose('status', { type: JobStatus, description: 'How it ended.' }),
    stopReason: t.expose('stopReason', { type: StopReason, description: 'Why it ended.' }),
  }),
})

eventRef('JOB_FORKED').implement({
  interfaces,
  description: 'A new job was made from a round of this one.',
  fields: t => ({
    fork: t.prismaField({
      type: Job,
      nullable: true,
      description: 'The new job; null once it was deleted.',
      resolve: (query, { forkId }, _args, { deps, caller }) =>
        forkId === null
          ? null
          : deps.prisma.job.findUnique({ ...query, where: { id: forkId, tenantId: caller.tenantId } }),
    }),
  }),
})

eventRef('CRITIQUE_ADDED').implement({
  interfaces,
  description: 'A person or a judge criticised a round.',
  fields: t => ({
    critique: t.prismaField({
      type: Critique,
      description: 'The critique.',
      resolve: (query, event, _args, context) => loadCritique(query, event, context),
    }),
  }),
})

builder.objectRef<EventOf<'EVENT_GAP'>>('EventGap').implement({
  interfaces,
  description:
    'Said instead of silence: events that cannot be given, because the job was deleted or the cursor lies beyond the end of the log. `seq` is `toSeq`.',
  fields: t => ({
    fromSeq: t.exposeInt('fromSeq', { description: 'The first that cannot be given; 0 in the stream of all jobs.' }),
    toSeq: t.exposeInt('toSeq', { description: 'The last that cannot be given; 0 in the stream of all jobs.' }),
    reason: t.exposeString('reason', { description: 'Why, as a sentence for people.' }),
  }),
})
