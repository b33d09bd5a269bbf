// Which trajectories, as callers say it. Nested filters are read by a rule of their own a level, so that no input recurses
// deeper than the limit.

import type { InputRef } from '@pothos/core'
import { z } from 'zod'
import { type TrajectoryFilter, type TrajectoryNumber, wholeNumbers } from '../../src/trajectories/trajectory-filter.ts'
import { builder } from '../builder.ts'
import { JobKind, StopReason, TrajectoryStatus } from '../enums.ts'
import { jsonOf, listOf, momentRule, numberFrom, textOf } from '../parse-input.ts'

const MAX_MEMBERS = 20
const MAX_DEPTH = 5
const MAX_FILTERS = 50
const MAX_INT = 2_147_483_647

const NumberRangeInput = builder.inputType('NumberRange', {
  description: 'Bounds of a number; those that are given must all hold. What has no such number is in no range.',
  fields: t => ({
    gte: t.float({ description: 'At least this.' }),
    gt: t.float({ description: 'More than this.' }),
    lte: t.float({ description: 'At most this.' }),
    lt: t.float({ description: 'Less than this.' }),
  }),
})

type MatchShape = { key: string; equals?: NonNullable<unknown> | null; exists?: boolean | null }

const MetadataMatchInput = builder.inputType('MetadataMatch', {
  description: "What a key at the top of the job's metadata must be; one of `equals` and `exists` at least.",
  fields: t => ({
    key: t.string({ required: true, description: 'The key, 1 to 200 characters.' }),
    equals: t.field({
      type: 'JSON',
      description:
        'Its value: an equal one; of an object or a list, one that contains it. At most 10,000 bytes as JSON.',
    }),
    exists: t.boolean({ description: 'Whether the key is there at all.' }),
  }),
}) as InputRef<MatchShape> // a JSON value is unknown to Pothos, but in a recursive type it wants null told apart

type RangeShape = { [Bound in 'gte' | 'gt' | 'lte' | 'lt']?: number | null }
type FilterShape = { [Name in TrajectoryNumber]?: RangeShape | null } & {
  [Name in 'and' | 'or']?: FilterShape[] | null
} & { [Name in 'editor' | 'thinker' | 'batch' | 'tags' | 'sourceSha256']?: string[] | null } & {
  [Name in 'createdAfter' | 'createdBefore' | 'finishedAfter' | 'finishedBefore']?: Date | null
} & {
  not?: FilterShape | null
  status?: (typeof TrajectoryStatus.$inferInput)[] | null
  stopReason?: (typeof StopReason.$inferInput)[] | null
  kind?: (typeof JobKind.$inferInput)[] | null
  metadata?: MatchShape[] | null
  instruction?: string | null
  hasHumanCritique?: boolean | null
}

export const TrajectoryFilterInput = builder.inputRef<FilterShape>('TrajectoryFilter').implement({
  description: `Which trajectories. Fields that are given must all hold; a list holds where any of its members does, but for \`tags\` and \`metadata\`. Filters nest by \`and\`, \`or\` and \`not\`: ${MAX_DEPTH} deep, ${MAX_FILTERS} in all.`,
  fields: t => ({
    and: t.field({
      type: [TrajectoryFilterInput],
      description: `All of these hold; at most ${MAX_MEMBERS}. An empty list holds.`,
    }),
    or: t.field({
      type: [TrajectoryFilterInput],
      description: `One of these holds at least; at most ${MAX_MEMBERS}. An empty list does not hold.`,
    }),
    not: t.field({
      type: TrajectoryFilterInput,
      description: 'This does not hold, or cannot be said: without scores there is no gain above 2.',
    }),
    status: t.field({ type: [TrajectoryStatus], description: 'How the run ended: one of these.' }),
    stopReason: t.field({ type: [StopReason], description: 'Why it ended: one of these.' }),
    kind: t.field({ type: [JobKind], description: 'What the job made: one of these.' }),
    editor: t.stringList({ description: 'One of these editors, by model id; at most 100.' }),
    thinker: t.stringList({ description: 'One of these thinkers, by model id; at most 100.' }),
    batch: t.stringList({ description: 'One of these batch labels; at most 100.' }),
    tags: t.stringList({ description: 'All of these tags; at most 50.' }),
    metadata: t.field({ type: [MetadataMatchInput], description: 'All of these hold of the metadata; at most 20.' }),
    instruction: t.string({
      description:
        'Words of the instruction, as English and as for a web search: `storm -rain "red car" or blue`; 1 to 1,000 characters. Words that all texts have (`the`) find nothing.',
    }),
    sourceSha256: t.stringList({ description: 'One of these source images, by `Image.sha256`; at most 100.' }),
    rounds: t.field({ type: NumberRangeInput, description: 'How many rounds; whole numbers.' }),
    firstOverall: t.field({ type: NumberRangeInput, description: 'Overall score of the first round.' }),
    bestOverall: t.field({ type: NumberRangeInput, description: 'The best overall score.' }),
    lastOverall: t.field({ type: NumberRangeInput, description: 'Overall score of the last round.' }),
    gain: t.field({ type: NumberRangeInput, description: 'Best minus first overall score.' }),
    variance: t.field({ type: NumberRangeInput, description: 'Variance of the overall scores.' }),
    bestIndex: t.field({ type: NumberRangeInput, description: "Index of the result's round; whole numbers." }),
    seconds: t.field({ type: NumberRangeInput, description: 'Seconds from its first stage to its end.' }),
    editorSeconds: t.field({ type: NumberRangeInput, description: 'Seconds of editor time.' }),
    thinkerTokens: t.field({ type: NumberRangeInput, description: 'Thinker tokens; whole numbers.' }),
    agreement: t.field({ type: NumberRangeInput, description: 'How far its critics agree, 0 to 1.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Submitted after this moment.' }),
    createdBefore: t.field({ type: 'DateTime', description: 'Submitted before this moment.' }),
    finishedAfter: t.field({ type: 'DateTime', description: 'Ended after this moment.' }),
    finishedBefore: t.field({ type: 'DateTime', description: 'Ended before this moment.' }),
    hasHumanCritique: t.boolean({ description: 'Whether a person gave a critique.' }),
  }),
})

const name = textOf(1, 200)
const real = numberFrom(-1e15, 1e15).nullish()
const whole = numberFrom(-MAX_INT, MAX_INT).int('must be a whole number').nullish()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 as 64 hexadecimal digits in lower case')

const metadataMatch = z
  .object({ key: name, equals: jsonOf(10_000).nullish(), exists: z.boolean().nullish() })
  .transform(given)
  .refine(match => 'equals' in match || 'exists' in match, 'must say what it equals or whether it exists')

const plain = {
  status: listOf(z.enum(['SUCCEEDED', 'FAILED', 'CANCELED']), 20).nullish(),
  stopReason: listOf(z.string(), 20).nullish(),
  kind: listOf(z.enum(['EDIT', 'GENERATE', 'FILL']), 20).nullish(),
  editor: listOf(name, 100).nullish(),
  thinker: listOf(name, 100).nullish(),
  batch: listOf(name, 100).nullish(),
  tags: listOf(textOf(1, 100), 50).nullish(),
  metadata: listOf(metadataMatch, 20).nullish(),
  instruction: textOf(1, 1_000).nullish(),
  sourceSha256: listOf(sha256, 100).nullish(),
  rounds: rangeOf('rounds'),
  firstOverall: rangeOf('firstOverall'),
  bestOverall: rangeOf('bestOverall'),
  lastOverall: rangeOf('lastOverall'),
  gain: rangeOf('gain'),
  variance: rangeOf('variance'),
  bestIndex: rangeOf('bestIndex'),
  seconds: rangeOf('seconds'),
  editorSeconds: rangeOf('editorSeconds'),
  thinkerTokens: rangeOf('thinkerTokens'),
  agreement: rangeOf('agreement'),
  createdAfter: momentRule.nullish(),
  createdBefore: momentRule.nullish(),
  finishedAfter: momentRule.nullish(),
  finishedBefore: momentRule.nullish(),
  hasHumanCritique: z.boolean().nullish(),
}

/** Reads a TrajectoryFilter into plain JSON; what is null or left out does not filter. */
export const trajectoryFilterRule: z.ZodType<TrajectoryFilter> = ruleAt(1).refine(
  filter => countFilters(filter) <= MAX_FILTERS,
  `must hold at most ${MAX_FILTERS} filters in all`,
)

function ruleAt(depth: number): z.ZodType<TrajectoryFilter> {
  if (depth === MAX_DEPTH) {
    const anything = z.unknown().optional()
    return z
      .object({ and: anything, or: anything, not: anything, ...plain })
      .transform(filter => given(filter) as TrajectoryFilter) // further filters are refused below
      .refine(
        filter => !('and' in filter || 'or' in filter || 'not' in filter),
        `must not hold further filters: they nest at most ${MAX_DEPTH} deep`,
      )
  }
  const inner = ruleAt(depth + 1)
  const several = listOf(inner, MAX_MEMBERS).nullish()
  return z
    .object({ and: several, or: several, not: inner.nullish(), ...plain })
    .transform(filter => given(filter) as TrajectoryFilter) // the rules of its fields are those of the type
}

function rangeOf(number: TrajectoryNumber) {
  const bound = wholeNumbers.has(number) ? whole : real
  return z.object({ gte: bound, gt: bound, lte: bound, lt: bound }).transform(given).nullish()
}

function given<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<T> // fewer of the same keys
}

function countFilters({ and = [], or = [], not }: TrajectoryFilter): number {
  return [...and, ...or, ...(not ? [not] : [])].reduce((sum, inner) => sum + countFilters(inner), 1)
}
