import { z } from 'zod'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { addCritique } from '../../src/jobs/add-critique.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { reviewerDescription, reviewerRule } from '../feedback/reviewer.ts'
import { toUuid } from '../global-id.ts'
import { numberFrom, parseInput, textOf } from '../parse-input.ts'
import { Critique } from './critique.ts'
import { optional } from './edit-input.ts'
import { successType } from './job-result.ts'

const AddCritiqueInput = builder.inputType('AddCritiqueInput', {
  description: "A person's judgement of a round. At least one field besides the id must be given.",
  fields: t => ({
    roundId: t.id({ required: true, description: 'Global id of the Round.' }),
    semantic: t.float({ description: '0 to 10: was the instruction followed and the rest preserved.' }),
    quality: t.float({ description: '0 to 10: naturalness, freedom from artefacts.' }),
    isSatisfied: t.boolean({ description: 'Whether it is good enough.' }),
    reasoning: t.string({ description: 'Why, 1 to 8000 characters.' }),
    refinedPrompt: t.string({ description: 'What should have been asked for, 1 to 8000 characters.' }),
    reviewer: t.string({ description: reviewerDescription }),
  }),
})

/** Reads the fields of a person's critique, of which one must be given. */
export const critiqueRule = z
  .object({
    semantic: optional(numberFrom(0, 10)),
    quality: optional(numberFrom(0, 10)),
    isSatisfied: optional(z.boolean()),
    reasoning: optional(textOf(1, 8000)),
    refinedPrompt: optional(textOf(1, 8000)),
  })
  .refine(critique => Object.values(critique).some(value => value !== null), {
    message: 'must be given, or one of quality, isSatisfied, reasoning, refinedPrompt',
    path: ['semantic'],
  })

const AddCritiqueSuccess = builder.objectRef<{ critiqueId: string }>('AddCritiqueSuccess').implement({
  description: 'The critique was added.',
  fields: t => ({
    critique: t.prismaField({
      type: Critique,
      description: 'The critique.',
      resolve: async (query, { critiqueId }, _args, { deps, caller }) => {
        const where = { id: critiqueId, round: { job: { tenantId: caller.tenantId } } }
        const critique = await deps.prisma.critique.findUnique({ ...query, where })
        if (critique === null) throw toGraphQLError(new NotFoundError('roundId', 'round')) // deleted just now
        return critique
      },
    }),
  }),
})

const AddCritiqueResult = builder.errorUnion('AddCritiqueResult', {
  description: 'What became of a critique.',
  types: [AddCritiqueSuccess, InvalidInputError, NotFoundError],
  resolveType: successType('AddCritiqueSuccess'),
})

builder.mutationField('addCritique', t =>
  t.field({
    type: AddCritiqueResult,
    description: "Adds a person's critique to a round. It never changes the job's course.",
    args: { input: t.arg({ type: AddCritiqueInput, required: true, description: 'The critique.' }) },
    resolve: async (_root, { input: { roundId, reviewer, ...rest } }, { deps, caller }) => {
      const round = toUuid(roundId, 'Round')
      if (round === null) throw new NotFoundError('roundId', 'round')
      const feedback = { roundId: round, ...parseInput(critiqueRule, rest) }
      const author = { ...caller, reviewer: parseInput(reviewerRule, reviewer, 'reviewer') }
      return { critiqueId: await addCritique(deps.db, author, feedback) }
    },
  }),
)
