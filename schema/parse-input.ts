// Input checks. zod finds the first broken rule; the caller hears which field, the rule with its numbers, and what was sent.

import { z } from 'zod'
import { InvalidInputError } from '../src/errors.ts'
import { toGraphQLError } from './errors-to-graphql.ts'

/** The checked value. Throws InvalidInputError that names the field as a path, below `at` where given. */
export function parseInput<T>(rule: z.ZodType<T>, value: unknown, at = ''): T {
  const read = rule.safeParse(value)
  if (read.success) return read.data
  const issue = read.error.issues[0]
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...(at ? [at] : []), ...(issue?.path ?? []), ...unknown].join('.')
  throw new InvalidInputError(
    path || 'input',
    `${path || 'The input'} ${issue ? toRule(issue) : 'is not valid'}${toHint(value, issue?.path)}.`,
  )
}

// Where a rule has no words of its own: values that GraphQL has not typed, such as those of the JSON scalar.
function toRule(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'is not a field that is known here'
  if (!issue.message.startsWith('Invalid ')) return issue.message
  if (issue.code === 'invalid_type') return `must be of the type ${issue.expected}`
  if (issue.code === 'invalid_value') return `must be ${issue.values.join(' or ')}`
  return issue.message
}

/** The same for the arguments of queries and subscriptions, whose failures are entries of `errors`. */
export function parseArgument<T>(rule: z.ZodType<T>, value: unknown, at = ''): T {
  try {
    return parseInput(rule, value, at)
  } catch (error) {
    throw error instanceof InvalidInputError ? toGraphQLError(error) : error
  }
}

/** A whole number in a range, both ends included. */
export function intFrom(min: number, max: number): z.ZodNumber {
  const message = `must be from ${min} to ${max}`
  return z.number().int(message).min(min, message).max(max, message)
}

/** A number in a range, both ends included. */
export function numberFrom(min: number, max: number): z.ZodNumber {
  const message = `must be from ${min} to ${max}`
  return z.number(message).min(min, message).max(max, message)
}

/** A text of so many characters that Postgres can store. */
export function textOf(minLength: number, maxLength: number): z.ZodType<string> {
  const message = `must have ${minLength} to ${maxLength} characters`
  return z
    .string()
    .refine(isStorable, storable)
    .refine(text => {
      const length = [...text].length
      return length >= minLength && length <= maxLength
    }, message)
}

/** A moment as ISO 8601 in UTC that Postgres can store; it reads no year 0 and none of five digits. */
export const momentRule: z.ZodType<string, Date> = z
  .date()
  .refine(date => /^(?!0000)\d{4}-/.test(date.toISOString()), 'must be in one of the years 1 to 9999')
  .transform(date => date.toISOString())

/** A list of at most so many items. */
export function listOf<T>(rule: z.ZodType<T>, maxItems: number): z.ZodType<T[]> {
  return z.array(rule).max(maxItems, `must have at most ${maxItems} items`)
}

const MAX_DEPTH = 100

/** A JSON value of at most so many bytes as text, nested at most 100 deep. */
export function jsonOf(maxBytes: number): z.ZodType<unknown> {
  const stop = { abort: true } // what follows recurses into the value
  return z
    .unknown()
    .refine(value => depthOf(value) <= MAX_DEPTH, { ...stop, message: `must be nested at most ${MAX_DEPTH} deep` })
    .refine(value => Buffer.byteLength(JSON.stringify(value) ?? '') <= maxBytes, {
      ...stop,
      message: `must take at most ${maxBytes} bytes as JSON`,
    })
    .refine(isStorable, storable)
}

const storable = 'must not hold NUL characters or halves of surrogate pairs'

// Postgres refuses both, in text as well as in jsonb.
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !/\0|\p{Surrogate}/u.test(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorable(inner))
}

/** How many lists and objects lie within each other; no further than just above the limit. */
function depthOf(value: unknown): number {
  let level = [value]
  for (let depth = 0; ; depth++) {
    const holders = level.filter(item => typeof item === 'object' && item !== null)
    if (holders.length === 0 || depth > MAX_DEPTH) return depth
    level = holders.flatMap(item => Object.values(item as object)) // filtered just now
  }
}

function toHint(value: unknown, path: readonly PropertyKey[] | undefined): string {
  const given = (path ?? []).reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined, // any object may be asked for any key
    value,
  )
  if (typeof given === 'number' || typeof given === 'boolean') return `, not ${given}`
  if (typeof given === 'string') return `, not ${[...given].length}`
  if (Array.isArray(given)) return `, not ${given.length}`
  return ''
}
