import { GraphQLError, valueFromASTUntyped } from 'graphql'
import { z } from 'zod'
import { builder } from './builder.ts'

const dateTime = z.iso.datetime({ offset: true })

builder.scalarType('DateTime', {
  description:
    'A moment as ISO 8601 with its offset, such as `2026-11-24T08:00:00.000Z`. Answers are in UTC, to the millisecond.',
  serialize: value => value.toISOString(),
  parseValue: value => {
    const text = dateTime.safeParse(value)
    const date = new Date(text.success ? text.data : Number.NaN)
    if (Number.isNaN(date.getTime()))
      throw new GraphQLError('DateTime takes ISO 8601 with an offset, such as 2026-11-24T08:00:00Z.')
    return date
  },
})

builder.scalarType('JSON', {
  description: 'Any JSON value, given back as it came.',
  serialize: value => value,
  parseValue: value => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
})

builder.scalarType('File', {
  description:
    'A file of a multipart request (the GraphQL multipart request specification): the variable is null in `operations` and mapped to a file part by `map`.',
  parseValue: value => {
    if (typeof value !== 'string') throw new GraphQLError('File takes a part of a multipart request.')
    return value
  },
  parseLiteral: () => {
    throw new GraphQLError('File must be a variable of a multipart request, not a literal.')
  },
})
