import { z } from 'zod'

const MAX_SPLITS = 20
const SPLIT_NAME = /^[a-z0-9][a-z0-9_-]{0,49}$/
const TOLERANCE = 1e-6

const message = `must be an object of 1 to ${MAX_SPLITS} names (lower-case letters, digits, - and _, at most 50 characters) with shares from 0 to 1`

/** Reads shares by split, whose sum must be 1. Null: everything is `train`. */
export const splitsRule: z.ZodType<Record<string, number>> = z
  .record(z.string(), z.number().min(0).max(1), message)
  .refine(shares => {
    const names = Object.keys(shares)
    return names.length >= 1 && names.length <= MAX_SPLITS && names.every(name => SPLIT_NAME.test(name))
  }, message)
  .refine(
    shares => Math.abs(Object.values(shares).reduce((sum, share) => sum + share, 0) - 1) < TOLERANCE,
    'must have shares of sum 1',
  )
  .nullish()
  .transform(shares => shares ?? { train: 1 })
