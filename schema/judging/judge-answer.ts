import { queryFromInfo } from '@pothos/plugin-prisma'
import type { GraphQLResolveInfo } from 'graphql'
import { validate } from 'uuid'
import { builder } from '../builder.ts'
import { upwardComplexity } from '../complexity.ts'
import type { Context } from '../context.ts'
import { openCursor, sealCursor } from '../signed-cursor.ts'
import { toPage } from '../to-page.ts'

const JudgeAnswer = builder.prismaObject('JudgeAnswer', {
  description: 'What a judge said to one question about one round.',
  fields: t => ({
    round: t.relation('round', { description: 'What was judged.', complexity: upwardComplexity }),
    call: t.exposeInt('call', { description: "Which of the rubric's questions, from 1." }),
    raw: t.exposeString('raw', {
      nullable: true,
      description: 'The words of the judge as they came; null where it gave no answer.',
    }),
    parsed: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the rubric read in them; null where nothing could be read.',
      resolve: ({ parsed }) => parsed,
    }),
    errorCode: t.exposeString('errorCode', {
      nullable: true,
      description:
        'Why there is nothing to read: `UNREADABLE_ANSWER` after the third such answer, else how the last call failed.',
    }),
    tokens: t.exposeInt('tokens', { description: 'What the answer cost, in tokens of the judge.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
})

/** A page of answers. */
export const JudgeAnswerConnection = builder.connectionObject(
  { type: JudgeAnswer, name: 'JudgeAnswerConnection', description: "A page of a judge run's answers." },
  { name: 'JudgeAnswerEdge', description: 'An answer and its place in the list.' },
)

type AnswerPage = { runId: string; size: number; after: string | null; isFailed: boolean | null }

/** One page of a run's answers, in order of round and question, by keyset. The run must be the caller's own. */
export async function loadAnswerPage(
  { runId, size, after, isFailed }: AnswerPage,
  context: Context,
  info: GraphQLResolveInfo,
) {
  const place = after === null ? null : decode(context, runId, after)
  const query: object = queryFromInfo({ context, info, path: ['edges', 'node'] })
  const rows = await context.deps.prisma.judgeAnswer.findMany({
    ...query,
    where: {
      runId,
      ...(isFailed !== null && { errorCode: isFailed ? { not: null } : null }),
      // The first condition lets the index start there, the second settles the questions of one round.
      ...(place && {
        roundId: { gte: place.roundId },
        OR: [{ roundId: { gt: place.roundId } }, { call: { gt: place.call } }],
      }),
    },
    orderBy: [{ roundId: 'asc' }, { call: 'asc' }],
    take: size + 1,
  })
  return toPage(rows, { size, isFirst: place === null, toCursor: row => encode(context, runId, row) })
}

type AnswerPlace = { roundId: string; call: number }

function encode(context: Context, runId: string, { roundId, call }: AnswerPlace): string {
  return sealCursor(context, 'judge-answer-cursor', `${runId} ${roundId} ${call}`)
}

function decode(context: Context, runId: string, cursor: string): AnswerPlace {
  return openCursor(context, { kind: 'judge-answer-cursor', cursor, argument: 'after' }, text => {
    const [of, roundId = '', call = ''] = text.split(' ')
    return of === runId && validate(roundId) ? { roundId, call: Number(call) } : null
  })
}
