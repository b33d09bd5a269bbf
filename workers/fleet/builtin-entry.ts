import { z } from 'zod'
import { builtinModel, coreCount } from './fleet.ts'
import { capacityRule, secondsRule, type Unplaced } from './server-entry.ts'

const builtin = <Model extends string>(model: Model) =>
  z.strictObject({
    model: z.literal(model),
    engine: z.literal('builtin'),
    capacity: z.union([capacityRule, z.literal('cores')]).default('cores'),
    deadlineSeconds: secondsRule.optional(),
  })

export const builtinEditorEntry = builtin('builtin-retouch')
export const builtinCriticEntry = builtin('builtin-critic')

type BuiltinEntry = z.infer<typeof builtinEditorEntry> | z.infer<typeof builtinCriticEntry>

/** A builtin model with the file's limits. */
export function toBuiltin(role: 'editor' | 'thinker', { capacity, deadlineSeconds }: BuiltinEntry): Unplaced {
  const model = builtinModel(role, { capacity: capacity === 'cores' ? coreCount() : capacity })
  return deadlineSeconds === undefined ? model : { ...model, deadlineMs: deadlineSeconds * 1_000 }
}
