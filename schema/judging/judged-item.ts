import { validate } from 'uuid'
import { type JudgedRunItem, readJudgedItems } from '../../src/benchmarks/read-judged-items.ts'
import { builder } from '../builder.ts'
import { JobStatus } from '../enums.ts'
import { encodeGlobalId } from '../global-id.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { openCursor, sealCursor } from '../signed-cursor.ts'

const DEFAULT_PAGE = 50
const firstRule = intFrom(1, 100)

const JudgedRound = builder.objectRef<JudgedRunItem['rounds'][number]>('JudgedRound').implement({
  description: 'A round with what the judge wrote about it.',
  fields: t => ({
    round: t.exposeInt('round', { description: 'Its index.' }),
    answers: t.field({
      type: 'JSON',
      description:
        "The judge's words as they came, by the name of the call: an object of texts, null for a question without an answer.",
      resolve: ({ answers }) => answers,
    }),
  }),
})

const JudgedItem = builder.objectRef<JudgedRunItem>('JudgedItem').implement({
  description: "An item of a benchmark's run with what a judge wrote about its rounds.",
  fields: t => ({
    jobId: t.id({ description: 'Global id of its Job.', resolve: ({ jobId }) => encodeGlobalId('Job', jobId) }),
    status: t.field({
      type: JobStatus,
      description: 'Where its job stands.',
      resolve: ({ status }) => status as typeof JobStatus.$inferType, // a column of that type
    }),
    key: t.exposeString('key', { description: "The authors' own." }),
    taskType: t.exposeString('taskType', { description: "The authors' name of its kind." }),
    language: t.exposeString('language', { description: '`en` or `cn`.' }),
    facts: t.field({ type: 'JSON', description: 'What its score depends on beside.', resolve: ({ facts }) => facts }),
    best: t.exposeInt('best', { nullable: true, description: 'The round that is the result; null: there is none.' }),
    rounds: t.field({
      type: [JudgedRound],
      description:
        'Those with an image, by index; of several candidates the result, else the one with the highest score.',
      resolve: ({ rounds }) => rounds,
    }),
  }),
})

const JudgedItemConnection = builder.connectionObject(
  { type: JudgedItem, name: 'JudgedItemConnection', description: 'A page of judged items.' },
  { name: 'JudgedItemEdge', description: 'A judged item and its place in the list.' },
)

builder.queryField('judgedItems', t =>
  t.field({
    type: JudgedItemConnection,
    description:
      "The items of a benchmark's run with what its judge runs of one name wrote, which is all that scores are computed from. In the order they were started; at most 100 a page.",
    args: {
      label: t.arg.string({ required: true, description: 'The batch label of the run.' }),
      judging: t.arg.string({
        required: true,
        description:
          'The name of the judge runs. Where several asked the same, the newest answer that could be read counts.',
      }),
      first: t.arg.int({ description: `How many, 1 to 100. Default ${DEFAULT_PAGE}.` }),
      after: t.arg.string({ description: 'Cursor of the item before the first wanted one.' }),
    },
    resolve: async (_root, args, context) => {
      const limit = parseArgument(firstRule, args.first ?? DEFAULT_PAGE, 'first')
      const place = { kind: 'judged-item-cursor', cursor: args.after ?? '', argument: 'after' } as const
      const after = args.after ? openCursor(context, place, text => (validate(text) ? text : null)) : null
      const [label, judging] = [args.label, args.judging].map(text => text.replaceAll('\0', ''))
      const page = { label: label ?? '', judging: judging ?? '', after, limit }
      const { items, reached } = await readJudgedItems(context.deps.db, context.caller.tenantId, page)
      const seal = (jobId: string) => sealCursor(context, 'judged-item-cursor', jobId)
      const edges = items.map(node => ({ node, cursor: seal(node.jobId) }))
      return {
        edges,
        pageInfo: {
          hasNextPage: reached !== null,
          hasPreviousPage: after !== null,
          startCursor: edges[0]?.cursor ?? null,
          // Also past jobs that are no items.
          endCursor: reached === null ? (edges.at(-1)?.cursor ?? null) : seal(reached),
        },
      }
    },
  }),
)
