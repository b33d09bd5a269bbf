import type { JudgedRounds as JudgedRoundsName } from '../../src/judging/judge-selection.ts'
import type { JudgeProgress } from '../../src/judging/read-judge-progress.ts'
import type { TrajectoryFilter } from '../../src/trajectories/trajectory-filter.ts'
import { builder } from '../builder.ts'
import { Model } from '../fleet/model.ts'
import { toUuid } from '../global-id.ts'
import { loadNewestPage, newestPageArgs } from '../newest-page.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { JudgeAnswerConnection, loadAnswerPage } from './judge-answer.ts'

const DEFAULT_PAGE = 20
const firstRule = intFrom(0, 100)

const JudgeRunStatus = builder.enumType('JudgeRunStatus', {
  description: 'Where a judge run stands.',
  values: {
    RUNNING: { description: 'There are questions without an answer.' },
    DONE: { description: 'Every question has its answer, or an error instead of one.' },
    CANCELED: { description: 'Ended by the user; the answers that had come stay.' },
  } as const,
})

/** Which rounds of a trajectory are judged. */
export const JudgedRounds = builder.enumType('JudgedRounds', {
  description: 'Which rounds of a trajectory are judged, of those that have an image.',
  values: {
    BEST: { description: "Its result: the job's best round." },
    LAST: { description: 'Of the last index; of several candidates the one with the highest score.' },
    FIRST: { description: 'Of the first index; of several candidates the one with the highest score.' },
    ALL: { description: 'Every round, all candidates; round 0, the untouched source, only where it is the result.' },
  } as const,
})

/** How far a run is. */
export const JudgeRunProgress = builder.objectRef<JudgeProgress>('JudgeRunProgress').implement({
  description: 'How far a judge run is.',
  fields: t => ({
    judgeRun: t.prismaField({
      type: 'JudgeRun',
      description: 'The run.',
      resolve: (query, { judgeRunId }, _args, { deps, caller }) =>
        deps.prisma.judgeRun.findUniqueOrThrow({ ...query, where: { id: judgeRunId, tenantId: caller.tenantId } }),
    }),
    status: t.field({ type: JudgeRunStatus, description: 'Where it stands.', resolve: ({ status }) => status }),
    total: t.exposeInt('total', {
      description:
        "Answers wanted: rounds times the rubric's questions. Of a run that has ended, what is neither answered nor failed was canceled, or its job was deleted.",
    }),
    isPlanned: t.exposeBoolean('isPlanned', { description: 'Whether all are queued; `total` grows until then.' }),
    answered: t.exposeInt('answered', { description: 'Answers that could be read.' }),
    failed: t.exposeInt('failed', { description: 'Questions that got no answer, or none that could be read.' }),
    tokens: t.exposeFloat('tokens', { description: 'What the answers cost, in tokens of the judge.' }),
  }),
})

/** Chosen rounds scored again. */
export const JudgeRun = builder.prismaNode('JudgeRun', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId }),
  description:
    'Chosen rounds scored again by a judge model, through the fleet. It changes nothing of their jobs, but for critiques of source JUDGE.',
  fields: t => ({
    name: t.exposeString('name', { description: 'What it is called.' }),
    model: t.field({ type: Model, description: 'The judge.', resolve: ({ model }) => ({ id: model }) }),
    rubric: t.exposeString('rubric', { description: 'Which questions are asked, such as `overall`.' }),
    rounds: t.field({
      type: JudgedRounds,
      nullable: true,
      description: 'Which rounds of each trajectory; null where an index is given, or rounds were named one by one.',
      resolve: run => toSelection(run).rounds ?? null,
    }),
    roundIndex: t.int({
      nullable: true,
      description:
        'Up to which index of each trajectory; null where `rounds` is given, or rounds were named one by one.',
      resolve: run => toSelection(run).roundIndex ?? null,
    }),
    filter: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'Which trajectories, as the TrajectoryFilter that was given; null where rounds were named one by one.',
      resolve: run => toSelection(run).filter ?? null,
    }),
    templates: t.field({
      type: 'JSON',
      nullable: true,
      description: "The texts that it brought instead of the rubric's own, by name; null: none.",
      resolve: ({ templates }) => templates,
    }),
    skipsAnswered: t.exposeBoolean('skipsAnswered', {
      description: 'Whether it leaves out what earlier runs like it have answers to.',
    }),
    status: t.expose('status', { type: JudgeRunStatus, description: 'Where it stands.' }),
    progress: t.field({
      type: JudgeRunProgress,
      description: 'How far it is.',
      resolve: ({ id }, _args, { loaders }) => loaders.judgeProgress.load(id),
    }),
    by: t.exposeString('by', { description: 'The name of the key that started it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was started.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    answers: t.field({
      type: JudgeAnswerConnection,
      description: 'What the judge said, by round and question; at most 100 a page.',
      args: {
        first: t.arg.int({ description: `How many, 0 to 100. Default ${DEFAULT_PAGE}.` }),
        after: t.arg.string({ description: 'Cursor of the answer before the first wanted one.' }),
        isFailed: t.arg.boolean({ description: 'Only those with an error (true) or without (false); null: all.' }),
      },
      resolve: ({ id }, { first, after, isFailed }, context, info) => {
        const size = parseArgument(firstRule, first ?? DEFAULT_PAGE, 'first')
        return loadAnswerPage({ runId: id, size, after: after ?? null, isFailed: isFailed ?? null }, context, info)
      },
    }),
  }),
})

builder.queryFields(t => ({
  judgeRun: t.prismaField({
    type: JudgeRun,
    nullable: true,
    description: 'A judge run by its id; null where the tenant has none such.',
    args: { id: t.arg.id({ required: true, description: 'Global id of a JudgeRun.' }) },
    resolve: (query, _root, args, { deps, caller }) => {
      const id = toUuid(args.id, 'JudgeRun')
      if (id === null) return null
      return deps.prisma.judgeRun.findUnique({ ...query, where: { id, tenantId: caller.tenantId } })
    },
  }),
}))

const JudgeRunConnection = builder.connectionObject(
  { type: JudgeRun, name: 'JudgeRunConnection', description: 'A page of judge runs.' },
  { name: 'JudgeRunEdge', description: 'A judge run and its place in the list.' },
)

builder.queryField('judgeRuns', t =>
  t.field({
    type: JudgeRunConnection,
    description: "The tenant's judge runs, newest first; at most 100 a page.",
    args: {
      namePrefix: t.arg.string({ description: 'Only those whose name begins with this; null: all.' }),
      ...newestPageArgs,
    },
    resolve: (_root, args, context, info) => {
      const name = typeof args.namePrefix === 'string' && { name: { startsWith: toPattern(args.namePrefix) } }
      return loadNewestPage({ kind: 'judge-run-cursor', args }, context, info, query =>
        context.deps.prisma.judgeRun.findMany({ ...query, where: { ...query.where, ...name } }),
      )
    },
  }),
)

// A pattern, in which these would stand for any text.
function toPattern(text: string): string {
  return text.replaceAll('\0', '').replace(/[\\%_]/g, sign => `\\${sign}`)
}

function toSelection({ selection }: { selection: unknown }) {
  return selection as { filter?: TrajectoryFilter; rounds?: JudgedRoundsName; roundIndex?: number } // written by startJudgeRun alone
}
