import { z } from 'zod'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { addPreference } from '../../src/feedback/add-preference.ts'
import { MAX_PREFERENCES } from '../../src/feedback/read-preferences.ts'
import { builder } from '../builder.ts'
import { upwardComplexity } from '../complexity.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { optional } from '../jobs/edit-input.ts'
import { Job } from '../jobs/job.ts'
import { successType } from '../jobs/job-result.ts'
import { Round } from '../jobs/round.ts'
import { parseInput, textOf } from '../parse-input.ts'
import { reviewerDescription, reviewerRule } from './reviewer.ts'

const PreferenceKind = builder.enumType('PreferenceKind', {
  description: 'What a preference was chosen from.',
  values: {
    PICK: { description: "The best of its job's rounds." },
    PAIR: { description: 'The better of two rounds that were asked the same.' },
  } as const,
})

const Preference = builder.prismaNode('Preference', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId }),
  description: 'Which round a person prefers. Never changed once written; gone with the jobs of its rounds.',
  fields: t => ({
    kind: t.expose('kind', { type: PreferenceKind, description: 'What it was chosen from.' }),
    chosenRound: t.relation('chosenRound', {
      description: 'The better one; of a tie either.',
      complexity: upwardComplexity,
    }),
    rejectedRound: t.relation('rejectedRound', {
      nullable: true,
      description: 'The other one; PAIR only.',
      complexity: upwardComplexity,
    }),
    isTie: t.exposeBoolean('isTie', { description: 'Whether neither is better; PAIR only.' }),
    by: t.exposeString('by', { description: 'Who: the reviewer that was named, else the name of the key.' }),
    reasoning: t.exposeString('reasoning', { nullable: true, description: 'Why, in their words.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was written.' }),
  }),
})

// Few have more than some, whatever the limit.
const usual = { field: 1, multiplier: 5 }

builder.prismaObjectField(Round, 'preferences', t =>
  t.field({
    type: [Preference],
    description: `What people prefer to it, or it to: preferences that name this round, newest first; at most ${MAX_PREFERENCES}.`,
    complexity: usual,
    resolve: (round, _args, { loaders }) => loaders.roundPreferences.load(round.id),
  }),
)

builder.prismaObjectField(Job, 'preferences', t =>
  t.field({
    type: [Preference],
    description: `Preferences that name one of its rounds, newest first; at most ${MAX_PREFERENCES}.`,
    complexity: usual,
    resolve: (job, _args, { loaders }) => loaders.jobPreferences.load(job.id),
  }),
)

const AddPreferenceInput = builder.inputType('AddPreferenceInput', {
  description: 'Which round a person prefers. The rounds must have their pictures.',
  fields: t => ({
    kind: t.field({ type: PreferenceKind, required: true, description: 'What it was chosen from.' }),
    chosenRoundId: t.id({ required: true, description: 'Global id of the better Round; of a tie either.' }),
    rejectedRoundId: t.id({
      description:
        'Global id of the other Round; PAIR only. Of the same job, or of one of the same kind with the same instruction, source, mask and references.',
    }),
    isTie: t.boolean({ description: 'Whether neither of the two is better; PAIR only. Null: false.' }),
    reasoning: t.string({ description: 'Why, 1 to 8000 characters.' }),
    reviewer: t.string({ description: reviewerDescription }),
  }),
})

const preferenceRule = z
  .object({
    kind: z.enum(['PICK', 'PAIR']),
    chosenRoundId: z.string(),
    rejectedRoundId: optional(z.string()),
    isTie: z
      .boolean()
      .nullish()
      .transform(isTie => isTie ?? false),
    reasoning: optional(textOf(1, 8000)),
    reviewer: reviewerRule,
  })
  .refine(({ kind, rejectedRoundId }) => kind === 'PAIR' || rejectedRoundId === null, {
    message: 'must not be given for a PICK',
    path: ['rejectedRoundId'],
  })
  .refine(({ kind, rejectedRoundId }) => kind === 'PICK' || rejectedRoundId !== null, {
    message: 'must be given for a PAIR',
    path: ['rejectedRoundId'],
  })
  .refine(({ chosenRoundId, rejectedRoundId }) => chosenRoundId !== rejectedRoundId, {
    message: 'must be another round than chosenRoundId',
    path: ['rejectedRoundId'],
  })
  .refine(({ kind, isTie }) => kind === 'PAIR' || !isTie, { message: 'must not be true for a PICK', path: ['isTie'] })

const AddPreferenceSuccess = builder.objectRef<{ preferenceId: string }>('AddPreferenceSuccess').implement({
  description: 'The preference was added.',
  fields: t => ({
    preference: t.prismaField({
      type: Preference,
      description: 'The preference.',
      resolve: async (query, { preferenceId }, _args, { deps, caller }) => {
        const where = { id: preferenceId, tenantId: caller.tenantId }
        const preference = await deps.prisma.preference.findUnique({ ...query, where })
        if (preference === null) throw toGraphQLError(new NotFoundError('chosenRoundId', 'round')) // deleted just now
        return preference
      },
    }),
  }),
})

const AddPreferenceResult = builder.errorUnion('AddPreferenceResult', {
  description: 'What became of a preference.',
  types: [AddPreferenceSuccess, InvalidInputError, NotFoundError],
  resolveType: successType('AddPreferenceSuccess'),
})

builder.mutationField('addPreference', t =>
  t.field({
    type: AddPreferenceResult,
    description: 'Adds what a person prefers. It never changes a job, nor is it an event of one.',
    args: { input: t.arg({ type: AddPreferenceInput, required: true, description: 'The preference.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const { reviewer, ...rest } = parseInput(preferenceRule, input)
      const chosenRoundId = toRoundId(rest.chosenRoundId, 'chosenRoundId')
      const rejectedRoundId = rest.rejectedRoundId === null ? null : toRoundId(rest.rejectedRoundId, 'rejectedRoundId')
      const author = { tenantId: caller.tenantId, by: reviewer ?? caller.keyName }
      return { preferenceId: await addPreference(deps.db, author, { ...rest, chosenRoundId, rejectedRoundId }) }
    },
  }),
)

/** The uuid of a Round that an input names. Throws NotFoundError with the field for any other text. */
export function toRoundId(globalId: string, field: string): string {
  const roundId = toUuid(globalId, 'Round')
  if (roundId === null) throw new NotFoundError(field, 'round')
  return roundId
}
