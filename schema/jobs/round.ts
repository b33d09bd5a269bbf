import { builder } from '../builder.ts'
import { upwardComplexity } from '../complexity.ts'
import { PromptSource, RoundStatus } from '../enums.ts'
import { Model } from '../fleet/model.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { Critique } from './critique.ts'
import { JobError, toJobError } from './job-error.ts'

const MAX_CRITIQUES = 100
const firstRule = intFrom(1, MAX_CRITIQUES)

// `critique` and `critiques`, whatever `first`, are cut from one list: else each would be read for each round on its own.
const allCritiques = {
  orderBy: [{ createdAt: 'asc' as const }, { id: 'asc' as const }],
  take: MAX_CRITIQUES,
}

export const Round = builder.prismaNode('Round', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, job: { tenantId: context.caller.tenantId } }),
  description: 'One edit inside a job: what the editor was asked, and what it made of it.',
  fields: t => ({
    job: t.relation('job', { description: 'The job it belongs to.', complexity: upwardComplexity }),
    index: t.exposeInt('index', { description: 'Counts from 1. 0: the untouched source, judged first by EVALUATE.' }),
    candidate: t.exposeInt('candidate', { description: 'Which of the candidates of this index, from 0.' }),
    parent: t.relation('parent', {
      nullable: true,
      description: 'The round it goes on from; in a fork the round that was forked.',
    }),
    status: t.expose('status', { type: RoundStatus, description: 'Where it stands.' }),
    editor: t.field({
      type: Model,
      description: "The model that edits it: the job's editor, or a fallback.",
      resolve: round => ({ id: round.editor }),
    }),
    error: t.field({
      type: JobError,
      nullable: true,
      description: 'Why it failed; FAILED only.',
      resolve: toJobError,
    }),
    prompt: t.exposeString('prompt', { description: 'What the editor received; "" for round 0.' }),
    promptSource: t.expose('promptSource', { type: PromptSource, description: 'Where the prompt came from.' }),
    seed: t.exposeInt('seed', { nullable: true, description: 'What the editor was seeded with; null for round 0.' }),
    image: t.relation('image', { nullable: true, description: 'What was made; null before, or where it failed.' }),
    critique: t.field({
      type: Critique,
      nullable: true,
      description: "The thinker's critique, the one that drives the loop.",
      select: (_args, _context, nestedSelection) => ({
        critiques: nestedSelection(allCritiques),
      }),
      resolve: ({ id, critiques }, _args, context) => {
        const found = critiques.find(critique => critique.source === 'THINKER')
        if (found || critiques.length < MAX_CRITIQUES) return found
        return context.loaders.thinkerCritique.load(id) // people and judges filled the list before the thinker came
      },
    }),
    critiques: t.field({
      type: [Critique],
      description: 'All critiques, of the thinker, judges and people; newest last.',
      args: {
        first: t.arg.int({ defaultValue: 50, description: `How many from the oldest on, 1 to ${MAX_CRITIQUES}.` }),
      },
      // Few rounds have more than one or two, whatever the limit.
      complexity: ({ first }) => ({ field: 1, multiplier: Math.max(5, Math.ceil((first ?? 50) / 10)) }),
      select: (_args, _context, nestedSelection) => ({ critiques: nestedSelection(allCritiques) }),
      resolve: ({ critiques }, { first }) => critiques.slice(0, parseArgument(firstRule, first ?? 50, 'first')),
    }),
    isSatisfied: t.exposeBoolean('isSatisfied', {
      nullable: true,
      description: "Whether the job's stop rule is met; null before a readable critique.",
    }),
    isBest: t.boolean({
      description: "Whether it is the job's best round.",
      select: { job: { select: { bestRoundId: true } } },
      resolve: round => round.job.bestRoundId === round.id,
    }),
    editorSeconds: t.exposeFloat('editorSeconds', { nullable: true, description: 'Seconds the edit took.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When its edit began.' }),
    editedAt: t.expose('editedAt', { type: 'DateTime', nullable: true, description: 'When its image was stored.' }),
  }),
})
