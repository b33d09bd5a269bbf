import { z } from 'zod'
import { readAsOf } from '../../src/trajectories/read-as-of.ts'
import type { TrajectoryNumber } from '../../src/trajectories/trajectory-filter.ts'
import { readTrajectoryHistogram, type TrajectoryHistogram } from '../../src/trajectories/trajectory-histogram.ts'
import {
  MAX_GROUPS,
  readTrajectoryStats,
  type TrajectoryGroup,
  type TrajectoryGroupBy,
  type TrajectoryStats,
} from '../../src/trajectories/trajectory-stats.ts'
import { builder } from '../builder.ts'
import { wholeSelection } from '../complexity.ts'
import { said } from '../errors-to-graphql.ts'
import { intFrom, listOf, numberFrom, parseArgument, textOf } from '../parse-input.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from './trajectory-filter.ts'

const MAX_KEYS = 2

const TrajectoryGroupRef = builder.objectRef<TrajectoryGroup>('TrajectoryGroup').implement({
  description: 'The numbers of some trajectories. A mean is over those that have the number; null: none has.',
  fields: t => ({
    keys: t.expose('keys', {
      type: ['String'],
      nullable: { list: false, items: true },
      description:
        'What they have in common, in the order of `groupBy`; null: they have no such thing. Of a metadata value the first 200 characters.',
    }),
    count: t.exposeInt('count', { description: 'How many.' }),
    satisfiedShare: t.exposeFloat('satisfiedShare', {
      nullable: true,
      description: 'The share of them that stopped with SATISFIED, 0 to 1; null where there are none.',
    }),
    firstOverall: t.exposeFloat('firstOverall', { nullable: true, description: 'Mean of the first overall scores.' }),
    bestOverall: t.exposeFloat('bestOverall', { nullable: true, description: 'Mean of the highest overall scores.' }),
    lastOverall: t.exposeFloat('lastOverall', { nullable: true, description: 'Mean of the last overall scores.' }),
    gain: t.exposeFloat('gain', { nullable: true, description: 'Mean gain.' }),
    variance: t.exposeFloat('variance', { nullable: true, description: 'Mean of the variances of each.' }),
    rounds: t.exposeFloat('rounds', { nullable: true, description: 'Mean number of rounds.' }),
    seconds: t.exposeFloat('seconds', { nullable: true, description: 'Mean seconds from start to end.' }),
    editorSeconds: t.exposeFloat('editorSeconds', { nullable: true, description: 'Mean seconds of editor time.' }),
    thinkerTokens: t.exposeFloat('thinkerTokens', { nullable: true, description: 'Mean thinker tokens.' }),
  }),
})

const HistogramBinRef = builder.objectRef<TrajectoryHistogram['bins'][number]>('HistogramBin').implement({
  description: 'How many values lie from `from` up to below `to`; in the last bin also those equal to `to`.',
  fields: t => ({
    from: t.exposeFloat('from', { description: 'Its lower end.' }),
    to: t.exposeFloat('to', { description: 'Its upper end.' }),
    count: t.exposeInt('count', { description: 'How many.' }),
  }),
})

const HistogramRef = builder.objectRef<TrajectoryHistogram>('Histogram').implement({
  description:
    'How a number is spread. Where all values are alike there is one bin, where there are none there is none.',
  fields: t => ({
    bins: t.expose('bins', { type: [HistogramBinRef], description: 'From the lowest to the highest.' }),
    below: t.exposeInt('below', { description: 'How many lie below the first bin.' }),
    above: t.exposeInt('above', { description: 'How many lie above the last bin.' }),
    missing: t.exposeInt('missing', { description: 'How many have no such number.' }),
  }),
})

type Stats = TrajectoryStats & { histogram: TrajectoryHistogram | null }

const TrajectoryStatsRef = builder.objectRef<Stats>('TrajectoryStats').implement({
  description: 'The numbers of a selection of trajectories, for charts.',
  fields: t => ({
    total: t.expose('total', { type: TrajectoryGroupRef, description: 'All of them together; it has no keys.' }),
    groups: t.expose('groups', {
      type: [TrajectoryGroupRef],
      description: `By \`groupBy\`, the largest first, at most ${MAX_GROUPS}; none without it.`,
    }),
    hasMoreGroups: t.exposeBoolean('hasMoreGroups', {
      description: `Whether there are more than ${MAX_GROUPS} groups, of which the smallest are left out.`,
    }),
    histogram: t.expose('histogram', {
      type: HistogramRef,
      nullable: true,
      description: 'The one asked for; null where none was.',
    }),
  }),
})

const TrajectoryGroupFieldRef = builder.enumType('TrajectoryGroupField', {
  description: 'What trajectories have in common.',
  values: {
    EDITOR: { description: 'The editor, by model id.' },
    THINKER: { description: 'The thinker, by model id.' },
    KIND: { description: 'What the job made.' },
    STATUS: { description: 'How the run ended.' },
    STOP_REASON: { description: 'Why it ended.' },
    BATCH: { description: 'The batch label.' },
    TAG: { description: 'A tag; what has several counts in the group of each.' },
    ROUNDS: { description: 'How many rounds.' },
    DAY: { description: 'The day of its end in UTC, such as 2026-11-24.' },
  } as const,
})

const TrajectoryGroupByInput = builder.inputType('TrajectoryGroupBy', {
  description: 'What to group by: exactly one of these.',
  isOneOf: true,
  fields: t => ({
    field: t.field({ type: TrajectoryGroupFieldRef, description: 'A thing that every trajectory can have.' }),
    metadataKey: t.string({ description: 'The value under this key at the top of the metadata; 1 to 200 characters.' }),
  }),
})

const TrajectoryNumberRef = builder.enumType('TrajectoryNumber', {
  description: 'A number of a trajectory, named after its field.',
  values: {
    ROUNDS: { value: 'rounds', description: '`Trajectory.rounds`.' },
    FIRST_OVERALL: { value: 'firstOverall', description: '`Trajectory.firstOverall`.' },
    BEST_OVERALL: { value: 'bestOverall', description: '`Trajectory.bestOverall`.' },
    LAST_OVERALL: { value: 'lastOverall', description: '`Trajectory.lastOverall`.' },
    GAIN: { value: 'gain', description: '`Trajectory.gain`.' },
    VARIANCE: { value: 'variance', description: '`Trajectory.variance`.' },
    BEST_INDEX: { value: 'bestIndex', description: '`Trajectory.bestIndex`.' },
    SECONDS: { value: 'seconds', description: '`Trajectory.seconds`.' },
    EDITOR_SECONDS: { value: 'editorSeconds', description: '`Trajectory.editorSeconds`.' },
    THINKER_TOKENS: { value: 'thinkerTokens', description: '`Trajectory.thinkerTokens`.' },
    AGREEMENT: { value: 'agreement', description: '`Trajectory.agreement`.' },
  } as const satisfies Record<string, { value: TrajectoryNumber; description: string }>,
})

const HistogramInputRef = builder.inputType('HistogramInput', {
  description: 'Which number to cut into how many equal bins, over all that match.',
  fields: t => ({
    field: t.field({ type: TrajectoryNumberRef, required: true, description: 'The number.' }),
    bins: t.int({ required: true, description: 'How many bins, 1 to 100.' }),
    min: t.float({ description: 'Where the first begins; null: at the lowest value.' }),
    max: t.float({ description: 'Where the last ends; null: at the highest value.' }),
  }),
})

const groupByRule = listOf(
  z
    .object({
      metadataKey: textOf(1, 200).nullish(),
      field: z.custom<typeof TrajectoryGroupFieldRef.$inferInput>(value => typeof value === 'string').nullish(),
    })
    .transform(
      // The input's type holds exactly one of them.
      ({ field, metadataKey }): TrajectoryGroupBy => (field ? { field } : { metadataKey: metadataKey ?? '' }),
    ),
  MAX_KEYS,
)
const bound = numberFrom(-1e15, 1e15).nullish()
const histogramRule = z
  .object({ bins: intFrom(1, 100), min: bound, max: bound })
  .refine(({ min, max }) => typeof min !== 'number' || typeof max !== 'number' || min < max, {
    path: ['max'],
    message: 'must be above min',
  })

builder.queryField('trajectoryStats', t =>
  t.field({
    type: TrajectoryStatsRef,
    complexity: wholeSelection,
    description: "Counts and means of the tenant's finished jobs that match, as a whole, by group and as a histogram.",
    args: {
      filter: t.arg({ type: TrajectoryFilterInput, description: 'Which trajectories; null: all.' }),
      asOf: t.arg.string({ description: 'A place in the log, as for `trajectories`; null: now.' }),
      groupBy: t.arg({ type: [TrajectoryGroupByInput], description: `What to group by, at most ${MAX_KEYS}.` }),
      histogram: t.arg({ type: HistogramInputRef, description: 'A number to cut into bins; null: none.' }),
    },
    resolve: async (_root, args, { deps: { db }, caller: { tenantId } }) => {
      const filter = parseArgument(trajectoryFilterRule, args.filter ?? {}, 'filter')
      const groupBy = parseArgument(groupByRule, args.groupBy ?? [], 'groupBy')
      const { histogram: asked } = args
      const cut = asked && { field: asked.field, ...parseArgument(histogramRule, asked, 'histogram') }
      const asOf = typeof args.asOf === 'string' ? await said(readAsOf(db, args.asOf)) : null
      const selection = { tenantId, filter, asOf }
      const stats = await readTrajectoryStats(db, selection, groupBy)
      if (!cut) return { ...stats, histogram: null }
      const { field, bins, min = null, max = null } = cut
      return { ...stats, histogram: await readTrajectoryHistogram(db, selection, { field, bins, min, max }) }
    },
  }),
)
