import { z } from 'zod'
import { InvalidInputError, ModelUnavailableError, NotFoundError } from '../../src/errors.ts'
import { cancelJudgeRun } from '../../src/judging/cancel-judge-run.ts'
import { JudgeRunFinishedError } from '../../src/judging/errors.ts'
import { toProgressName } from '../../src/judging/judge-run-row.ts'
import type { JudgeSelection } from '../../src/judging/judge-selection.ts'
import { readJudgeProgress } from '../../src/judging/read-judge-progress.ts'
import { rubrics } from '../../src/judging/rubric.ts'
import { maxNamedRounds, startJudgeRun } from '../../src/judging/start-judge-run.ts'
import { builder } from '../builder.ts'
import { said, toGraphQLError } from '../errors-to-graphql.ts'
import { toRoundId } from '../feedback/preference.ts'
import { toUuid } from '../global-id.ts'
import { successType } from '../jobs/job-result.ts'
import { intFrom, listOf, parseInput, textOf } from '../parse-input.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from '../trajectories/trajectory-filter.ts'
import { JudgedRounds, JudgeRun, JudgeRunProgress } from './judge-run.ts'

const MAX_INDEX = 1_000
const MAX_TEMPLATE = 20_000

const StartJudgeRunInput = builder.inputType('StartJudgeRunInput', {
  description: 'What a judge shall score again: rounds of matching trajectories, or rounds named one by one.',
  fields: t => ({
    name: t.string({ required: true, description: 'What to call it, 1 to 200 characters.' }),
    model: t.string({ required: true, description: 'The judge: a thinker, by model id.' }),
    rubric: t.string({
      description: `Which questions to ask: ${[...rubrics.keys()].map(id => `\`${id}\``).join(', ')}. Null: \`overall\`.`,
    }),
    filter: t.field({
      type: TrajectoryFilterInput,
      description: 'Which trajectories, of those there are now; null: all.',
    }),
    rounds: t.field({ type: JudgedRounds, description: 'Which rounds of each of them. Null: BEST.' }),
    roundIndex: t.int({
      description: `Instead of \`rounds\`: LAST of each up to this index, 1 to ${MAX_INDEX}, so that one which ended before is judged as it ended.`,
    }),
    roundIds: t.idList({
      description: `Global ids of the Rounds, 1 to ${maxNamedRounds}, each with an image; instead of \`filter\` and \`rounds\`.`,
    }),
    templates: t.field({
      type: 'JSON',
      description: `Texts instead of the rubric's own, by their names: an object of texts of 1 to ${MAX_TEMPLATE} characters. They are sent as they are, but for placeholders. A benchmark's rubric has some, \`overall\` none.`,
    }),
    skipsAnswered: t.boolean({
      description:
        'Whether to leave out what an earlier run of the same name, model, rubric and templates has an answer to. Null: false.',
    }),
  }),
})

const runRule = z
  .object({
    name: textOf(1, 200),
    model: textOf(1, 200),
    rubric: textOf(1, 200).nullish(),
    filter: trajectoryFilterRule.nullish(),
    rounds: z.enum(['BEST', 'LAST', 'FIRST', 'ALL']).nullish(),
    roundIndex: intFrom(1, MAX_INDEX).nullish(),
    roundIds: listOf(z.string(), maxNamedRounds)
      .refine(ids => ids.length > 0, 'must have at least 1 item')
      .nullish(),
    templates: z.record(z.string(), textOf(1, MAX_TEMPLATE), 'must be an object of texts').nullish(),
    skipsAnswered: z.boolean().nullish(),
  })
  .refine(({ roundIds, filter, rounds, roundIndex }) => !roundIds || (!filter && !rounds && !roundIndex), {
    message: 'must not be given together with filter, rounds or roundIndex',
    path: ['roundIds'],
  })
  .refine(({ rounds, roundIndex }) => !rounds || !roundIndex, {
    message: 'must not be given together with rounds',
    path: ['roundIndex'],
  })

function toSelection({
  filter,
  rounds,
  roundIndex,
  roundIds,
}: Pick<z.infer<typeof runRule>, 'filter' | 'rounds' | 'roundIndex' | 'roundIds'>): JudgeSelection {
  if (roundIds) return { roundIds: roundIds.map((id, i) => toRoundId(id, `roundIds.${i}`)) }
  if (roundIndex) return { filter: filter ?? {}, roundIndex }
  return { filter: filter ?? {}, rounds: rounds ?? 'BEST' }
}

type Started = { judgeRunId: string }

function makeRunSuccess(name: string, description: string) {
  return builder.objectRef<Started>(name).implement({
    description,
    fields: t => ({
      judgeRun: t.prismaField({
        type: JudgeRun,
        description: 'The run as it is now.',
        resolve: (query, { judgeRunId }, _args, { deps, caller }) =>
          deps.prisma.judgeRun.findUniqueOrThrow({ ...query, where: { id: judgeRunId, tenantId: caller.tenantId } }),
      }),
    }),
  })
}

const StartJudgeRunResult = builder.errorUnion('StartJudgeRunResult', {
  description: 'What became of a judge run.',
  types: [
    makeRunSuccess('StartJudgeRunSuccess', 'The judge run is queued. Where nothing matches it is DONE already.'),
    InvalidInputError,
    NotFoundError,
    ModelUnavailableError,
  ],
  resolveType: successType('StartJudgeRunSuccess'),
})

const CancelJudgeRunResult = builder.errorUnion('CancelJudgeRunResult', {
  description: 'What became of a cancellation.',
  types: [makeRunSuccess('CancelJudgeRunSuccess', 'The judge run is canceled.'), NotFoundError, JudgeRunFinishedError],
  resolveType: successType('CancelJudgeRunSuccess'),
})

builder.mutationFields(t => ({
  startJudgeRun: t.field({
    type: StartJudgeRunResult,
    description: 'Scores chosen rounds again with a judge model, behind whatever the loops of the tenant have to do.',
    args: { input: t.arg({ type: StartJudgeRunInput, required: true, description: 'What is to be judged, by whom.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const { name, model, rubric, templates, skipsAnswered, ...chosen } = parseInput(runRule, input)
      const run = {
        ...{ name, model, rubric: rubric ?? 'overall', selection: toSelection(chosen) },
        ...{ templates: templates ?? null, skipsAnswered: skipsAnswered ?? false },
      }
      return { judgeRunId: await startJudgeRun(deps.db, caller, run) }
    },
  }),
  cancelJudgeRun: t.field({
    type: CancelJudgeRunResult,
    description:
      'Ends a judge run: what waits is not asked, running calls are aborted, the answers that have come stay. Again: changes nothing.',
    args: { judgeRunId: t.arg.id({ required: true, description: 'Global id of the JudgeRun.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const judgeRunId = toUuid(args.judgeRunId, 'JudgeRun')
      if (judgeRunId === null) throw new NotFoundError('judgeRunId', 'judge run')
      await cancelJudgeRun(deps.db, { tenantId: caller.tenantId, judgeRunId })
      return { judgeRunId }
    },
  }),
}))

builder.subscriptionField('judgeRunProgress', t =>
  t.field({
    type: JudgeRunProgress,
    description:
      'How far a judge run is: as it is now, then each time there is more to tell, at most five times a second. Completes when it has ended.',
    args: { judgeRunId: t.arg.id({ required: true, description: 'Global id of the JudgeRun.' }) },
    subscribe: async (_root, args, { deps, caller }) => {
      const absent = new NotFoundError('judgeRunId', 'judge run')
      const id = toUuid(args.judgeRunId, 'JudgeRun')
      if (id === null) throw toGraphQLError(absent)
      const work = {
        name: toProgressName(id),
        read: async () => (await readJudgeProgress(deps.db, caller.tenantId, [id])).get(id) ?? null,
        isOver: ({ status }: { status: string }) => status !== 'RUNNING',
        absent,
      }
      return await said(deps.feed.followProgress(work))
    },
    resolve: ({ state }) => state,
  }),
)
