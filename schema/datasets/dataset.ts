import { z } from 'zod'
import { InvalidInputError } from '../../src/errors.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'
import { intFrom, parseArgument, textOf } from '../parse-input.ts'

/** Its versions are added in dataset-version.ts. */
export const Dataset = builder.prismaNode('Dataset', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId }),
  description: 'Samples made of trajectories, under a name. What it holds are its versions.',
  fields: t => ({
    name: t.exposeString('name', { description: "What it is called; unique among the tenant's." }),
    description: t.exposeString('description', { nullable: true, description: 'What it is for, in words.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
  }),
})

const listRule = z.object({ first: intFrom(1, 1000).nullish(), after: textOf(0, 200).nullish() })

builder.queryFields(t => ({
  dataset: t.prismaField({
    type: Dataset,
    nullable: true,
    description: 'A dataset by its id or its name; null where the tenant has none such.',
    args: {
      id: t.arg.id({ description: 'Global id of a Dataset.' }),
      name: t.arg.string({ description: 'Its name. One of the two must be given, not both.' }),
    },
    resolve: (query, _root, args, { deps, caller }) => {
      const { tenantId } = caller
      if (typeof args.id === 'string' && typeof args.name !== 'string') {
        const id = toUuid(args.id, 'Dataset')
        return id === null ? null : deps.prisma.dataset.findUnique({ ...query, where: { id, tenantId } })
      }
      if (typeof args.name === 'string' && typeof args.id !== 'string') {
        const name = args.name.replaceAll('\0', '')
        return deps.prisma.dataset.findUnique({ ...query, where: { tenantId_name: { tenantId, name } } })
      }
      throw toGraphQLError(new InvalidInputError('name', 'Give the id or the name of a dataset, one of the two.'))
    },
  }),
  datasets: t.prismaField({
    type: [Dataset],
    description: "The tenant's datasets by name; at most 1000 at a time.",
    args: {
      first: t.arg.int({ description: 'How many, 1 to 1000. Default 100.' }),
      after: t.arg.string({ description: 'The name before the first wanted one.' }),
    },
    resolve: (query, _root, args, { deps, caller }) => {
      const { first, after } = parseArgument(listRule, args)
      return deps.prisma.dataset.findMany({
        ...query,
        where: { tenantId: caller.tenantId, ...(after ? { name: { gt: after } } : {}) },
        orderBy: { name: 'asc' },
        take: first ?? 100,
      })
    },
  }),
}))
