import { builder } from '../builder.ts'
import { StopReason, TrajectoryStatus } from '../enums.ts'
import { Job } from '../jobs/job.ts'

export const Trajectory = builder.prismaObject('Trajectory', {
  description:
    'A job whose run has ended, read as data: numbers derived from its rounds. Overall scores are those of the thinker, 0 to 10; of an index with several candidates the highest counts.',
  fields: t => ({
    job: t.relation('job', { description: 'The job, with all that was made for it.' }),
    status: t.field({
      type: TrajectoryStatus,
      description: 'How the run ended.',
      resolve: ({ status }) => status as typeof TrajectoryStatus.$inferType, // only ended runs are written
    }),
    stopReason: t.expose('stopReason', { type: StopReason, description: 'Why it ended.' }),
    rounds: t.exposeInt('rounds', { description: 'The highest round index that has a picture; 0: none.' }),
    firstOverall: t.exposeFloat('firstOverall', {
      nullable: true,
      description: 'Overall score of the first round; null: it has none.',
    }),
    bestOverall: t.exposeFloat('bestOverall', {
      nullable: true,
      description: 'The highest overall score; null: no round has one.',
    }),
    lastOverall: t.exposeFloat('lastOverall', {
      nullable: true,
      description: 'Overall score of the last round; null: it has none.',
    }),
    gain: t.exposeFloat('gain', {
      nullable: true,
      description: '`bestOverall` minus `firstOverall`; null where either is.',
    }),
    variance: t.exposeFloat('variance', {
      nullable: true,
      description: 'Population variance of the overall scores of all its rounds; null without scores.',
    }),
    bestIndex: t.exposeInt('bestIndex', {
      nullable: true,
      description: 'Index of `Job.bestRound`; null without a picture.',
    }),
    seconds: t.exposeFloat('seconds', { description: "From its first stage's start to its end." }),
    editorSeconds: t.exposeFloat('editorSeconds', { description: 'Seconds of editor time, all runs together.' }),
    thinkerTokens: t.exposeInt('thinkerTokens', { description: 'Thinker tokens, all runs together.' }),
    hasHumanCritique: t.exposeBoolean('hasHumanCritique', {
      description: 'Whether a person has given a critique of one of its rounds.',
    }),
    agreement: t.exposeFloat('agreement', {
      nullable: true,
      description:
        'How far its critics agree, 0 to 1: of each round with the overall scores of several critics 1 - (highest - lowest) / 10, and of those the mean. Null: no round has several.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the job was submitted.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', description: 'When its last run ended.' }),
  }),
})

builder.prismaObjectField(Job, 'trajectory', t =>
  t.relation('trajectory', {
    nullable: true,
    description: 'It as data; null while its run goes on, and again from a retry on until that has ended.',
  }),
)
