import { z } from 'zod'
import { type Calibration, MAX_GROUPS, readCalibration } from '../../src/feedback/calibration.ts'
import { type ReviewAgreement, readReviewAgreement } from '../../src/feedback/review-agreement.ts'
import { builder } from '../builder.ts'
import { wholeSelection } from '../complexity.ts'
import { toUuid } from '../global-id.ts'
import { optional } from '../jobs/edit-input.ts'
import { parseArgument, textOf } from '../parse-input.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from '../trajectories/trajectory-filter.ts'
import { ReviewKind } from './review-queue.ts'

const ReviewAgreementRef = builder.objectRef<ReviewAgreement>('ReviewAgreement').implement({
  description:
    "How far the reviewers of a queue agree so far. Alpha and kappa: 1 is full agreement, 0 what chance would give; null where that cannot be said, as where everyone always said the same. Krippendorff's alpha allows items with different numbers of reviewers.",
  fields: t => ({
    kind: t.field({ type: ReviewKind, description: 'What they were asked.', resolve: ({ kind }) => kind }),
    reviewers: t.exposeInt('reviewers', { description: 'How many people answered.' }),
    units: t.exposeInt('units', {
      description: 'What two or more of them judged: items; of SCORE rounds, by their overall scores.',
    }),
    pairs: t.exposeInt('pairs', { description: 'Pairs of reviewers of the same, all together.' }),
    agreeingShare: t.exposeFloat('agreeingShare', {
      nullable: true,
      description: 'PICK and PAIR: the share of `pairs` that chose the same, a tie being a choice; 0 to 1.',
    }),
    fleissKappa: t.exposeFloat('fleissKappa', {
      nullable: true,
      description: "PICK and PAIR: Fleiss' kappa; null where items have different numbers of reviewers.",
    }),
    meanAbsoluteDifference: t.exposeFloat('meanAbsoluteDifference', {
      nullable: true,
      description: 'SCORE: how far the overall scores of a pair lie apart, on average.',
    }),
    alpha: t.exposeFloat('alpha', {
      nullable: true,
      description: "Krippendorff's alpha: nominal for PICK and PAIR, interval for SCORE.",
    }),
  }),
})

builder.queryField('reviewAgreement', t =>
  t.field({
    type: ReviewAgreementRef,
    nullable: true,
    description: 'How far the reviewers of a queue agree; null where the tenant has no such queue.',
    args: { queueId: t.arg.id({ required: true, description: 'Global id of a ReviewQueue.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const queueId = toUuid(args.queueId, 'ReviewQueue')
      return queueId === null ? null : await readReviewAgreement(deps.db, { tenantId: caller.tenantId, queueId })
    },
  }),
)

const CalibrationGroup = builder.enumType('CalibrationGroup', {
  description: 'What makes the groups of a calibration.',
  values: {
    EDITOR: { description: "The job's editor." },
    THINKER: { description: "The job's thinker." },
    METADATA: { description: "The value of a key of the job's metadata, such as its type of task." },
  } as const,
})

const CalibrationCritics = builder.enumType('CalibrationCritics', {
  description: 'Whose scores the thinker is held against.',
  values: {
    HUMAN: { description: 'People.' },
    JUDGE: { description: 'Models of judge runs.' },
  } as const,
})

const CalibrationBin = builder.objectRef<Calibration['bins'][number]>('CalibrationBin').implement({
  description: 'The rounds whose overall score by the thinker lies in a range.',
  fields: t => ({
    from: t.exposeFloat('from', { description: 'From this score on.' }),
    to: t.exposeFloat('to', { description: 'To below this one; the last range takes 10 too.' }),
    rounds: t.exposeInt('rounds', { description: 'How many.' }),
    thinker: t.exposeFloat('thinker', { description: "Mean of the thinker's overall scores." }),
    others: t.exposeFloat('others', {
      description: 'Mean of the overall scores by the people or judges it is held against.',
    }),
  }),
})

const CalibrationRef = builder.objectRef<Calibration>('Calibration').implement({
  description:
    "How the thinker's overall scores agree with those of people or judges. A round that several of them scored counts once, with their mean.",
  fields: t => ({
    key: t.exposeString('key', { nullable: true, description: 'The group; null: all, or what has no such value.' }),
    rounds: t.exposeInt('rounds', { description: 'Rounds that both scored.' }),
    pearson: t.exposeFloat('pearson', {
      nullable: true,
      description: 'Correlation of the scores, -1 to 1; null where one side is always the same.',
    }),
    spearman: t.exposeFloat('spearman', { nullable: true, description: 'Correlation of their ranks; ties share one.' }),
    bias: t.exposeFloat('bias', {
      nullable: true,
      description:
        'Scores of the thinker minus those of the people or judges, on average; above 0: the thinker is too kind.',
    }),
    meanAbsoluteDifference: t.exposeFloat('meanAbsoluteDifference', {
      nullable: true,
      description: 'How far the two lie apart, on average.',
    }),
    picks: t.exposeInt('picks', { description: 'PICK preferences of people, of jobs that the thinker scored.' }),
    agreeingPicks: t.exposeInt('agreeingPicks', {
      description: 'Those that chose the round to which the thinker gave the highest score.',
    }),
    bins: t.field({
      type: [CalibrationBin],
      description: 'By the score of the thinker, a point wide, lowest first; empty ones are left out.',
      resolve: ({ bins }) => bins,
    }),
  }),
})

const calibrationRule = z
  .object({
    filter: trajectoryFilterRule.nullish(),
    against: z.enum(['HUMAN', 'JUDGE']),
    by: optional(textOf(1, 200)),
    groupBy: optional(z.enum(['EDITOR', 'THINKER', 'METADATA'])),
    metadataKey: optional(textOf(1, 200)),
  })
  .refine(({ groupBy, metadataKey }) => (groupBy === 'METADATA') === (metadataKey !== null), {
    message: 'must be given with groupBy METADATA, and only then',
    path: ['metadataKey'],
  })

builder.queryField('calibration', t =>
  t.field({
    type: [CalibrationRef],
    complexity: wholeSelection,
    description: `How the thinker's scores agree with those of others, the group with the most rounds first; at most ${MAX_GROUPS}.`,
    args: {
      filter: t.arg({ type: TrajectoryFilterInput, description: 'Of which trajectories; null: all.' }),
      against: t.arg({ type: CalibrationCritics, defaultValue: 'HUMAN', description: 'Whose scores.' }),
      by: t.arg.string({ description: 'Only those of this reviewer or judge model, 1 to 200 characters.' }),
      groupBy: t.arg({ type: CalibrationGroup, description: 'What makes the groups; null: all are one.' }),
      metadataKey: t.arg.string({ description: 'The key that groups, 1 to 200 characters; METADATA only.' }),
    },
    resolve: async (_root, args, { deps, caller }) => {
      const { filter, ...question } = parseArgument(calibrationRule, { ...args, against: args.against ?? 'HUMAN' })
      return await readCalibration(deps.db, caller.tenantId, { ...question, filter: filter ?? {} })
    },
  }),
)
