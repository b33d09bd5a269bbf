import type { GraphQLField } from 'graphql'
import type { Context } from './context.ts'

/**
 * The cost above which an operation is refused. Every field costs 1, a list as much as it may usually hold times what is
 * asked of each item: a page of 100 jobs with every field of their rounds, images and critiques stays below it, two
 * pages nested into each other do not.
 */
export const maxComplexity = 250_000

/** What a field that leads back up (Round.job, Critique.round) multiplies by, so that nests through it stop paying. */
export const upwardComplexity = { field: 1, multiplier: 25 }

const DEFAULT_PAGE = 20
const DEFAULT_LIST = 10

/** The default cost of a field: 1, and for what is below a paged field times its page size, capped at the largest page. */
export function fieldComplexity(
  args: Record<string, unknown>,
  _context: Context,
  field: GraphQLField<unknown, Context, Record<string, unknown>>,
): { field: number; multiplier?: number } {
  const isPaged = field.args.some(arg => arg.name === 'first')
  if (!isPaged) return { field: 1 }
  const size = [args.first, args.last].find(value => typeof value === 'number')
  return { field: 1, multiplier: Math.max(1, Math.min(typeof size === 'number' ? size : DEFAULT_PAGE, 500)) }
}

/** What a plain list without its own number multiplies by. */
export const listMultiplier = DEFAULT_LIST

/** What a field costs that goes through all of a tenant's trajectories: an operation may ask for some twenty of them. */
export const wholeSelection = { field: 10_000, multiplier: 1 }

/** The same of a dataset version's samples, which are fewer. */
export const wholeVersion = { field: 1_000, multiplier: DEFAULT_LIST }

/** A list inside a page: the page's own field has multiplied by its size. */
export const inPage = { field: 1, multiplier: 1 }
