// What the script of EditThinker writes about a sample (`{key}_meta.json`). Keys that it does not write are kept aside, since
// changed copies of the script add some.

import { z } from 'zod'

/** A flag; a model's word in quotes counts as what it says, though the script takes every text for true. */
const flag = z
  .union([z.boolean(), z.stringFormat('flag', /^(true|false)$/i)])
  .transform(value => (typeof value === 'boolean' ? value : value.toLowerCase() === 'true'))

const score = z.looseObject({ semantic: z.number().min(0).max(10), quality: z.number().min(0).max(10) })

const evaluation = z.looseObject({
  is_satisfied: flag,
  reason: z.string().nullish(),
  new_prompt: z.string().nullish(),
  score: score.nullish(),
})

const turn = z.looseObject({
  turn_number: z.int().min(1),
  rewritten_prompt: z.string().nullish(),
  evaluation: evaluation.nullish(),
  generated: z.boolean(),
  method: z.string().nullish(),
  action: z.string().nullish(),
  original_prompt: z.string().nullish(),
  output_path: z.string().nullish(),
  source_path: z.string().nullish(),
  seed: z.int().nullish(),
})

/** Reads the file's JSON. */
export const paperMeta = z.looseObject({
  key: z.union([z.string(), z.number()]).transform(String),
  task_type: z.string().nullish(),
  instruction_language: z.string().nullish(),
  original_instruction: z.string(),
  max_turns: z.int().min(1),
  turns: z.array(turn).min(1),
  is_satisfied: flag,
  final_turn: z.int().nullish(),
  final_output_path: z.string().nullish(),
  final_source_path: z.string().nullish(),
  all_turns_in_final: z.unknown(),
})

/** A sample of the script: its turns in order. */
export type PaperMeta = z.infer<typeof paperMeta>
/** One edit of it. */
export type PaperTurn = z.infer<typeof turn>
/** What the thinker said of that edit. */
export type PaperEvaluation = z.infer<typeof evaluation>

/** What the file says beside what the script writes, by turn where a turn says it; null: nothing. */
export function unknownFacts(meta: PaperMeta): Record<string, unknown> | null {
  const turns = meta.turns.flatMap(given => {
    const facts = { ...others(given, turn), ...others(given.evaluation ?? {}, evaluation) }
    return Object.keys(facts).length === 0 ? [] : [[String(given.turn_number), facts]]
  })
  const facts = { ...others(meta, paperMeta), ...(turns.length > 0 && { turns: Object.fromEntries(turns) }) }
  return Object.keys(facts).length === 0 ? null : facts
}

function others(value: object, { shape }: { shape: object }): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !(key in shape)))
}
