import type { z } from 'zod'
import { optional } from '../jobs/edit-input.ts'
import { textOf } from '../parse-input.ts'

/** Reads the person a key acts for; null: nobody was named, so it is the key itself. */
export const reviewerRule: z.ZodType<string | null> = optional(textOf(1, 100))

/** What callers read of it. */
export const reviewerDescription =
  "Who says so, where the key acts for several people: any name of 1 to 100 characters. Null: the key's name."
