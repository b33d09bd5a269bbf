import { z } from 'zod'
import { builder } from '../builder.ts'
import { EditFrom, FirstRound, Selection } from '../enums.ts'
import { intFrom, jsonOf, listOf, numberFrom, textOf } from '../parse-input.ts'

// A GraphQL null means the same as leaving a field out: the default. So defaults are given twice, to be seen in the
// schema and to be filled in for null.

const MAX_INT = 2_147_483_647
/** The greatest seed; seeds of later rounds are derived in the same range, which every editor takes. */
export const MAX_SEED = MAX_INT - 1
const MAX_PARAMETER_BYTES = 65_536

const StopRuleInput = builder.inputType('StopRuleInput', {
  description: 'When a job stops before `maxRounds`. Limits are checked between rounds; null: no limit.',
  fields: t => ({
    semanticAtLeast: t.float({ defaultValue: 8, description: 'Satisfied needs this semantic score, 0 to 10.' }),
    qualityAtLeast: t.float({ defaultValue: 8, description: 'Satisfied needs this quality score, 0 to 10.' }),
    patience: t.int({
      description: 'Stops after this many scored rounds without a gain in the best overall score, 1 to 20.',
    }),
    maxEditorSeconds: t.float({
      description: 'Stops once the run has used this many seconds of editor time; above 0.',
    }),
    maxThinkerTokens: t.int({ description: 'Stops once the run has used this many thinker tokens; at least 1.' }),
    deadlineSeconds: t.int({
      description:
        'Stops this many seconds after the submit (or the retry), queued or running; 1 to 2,592,000 (30 days).',
    }),
  }),
})

export const EditSettingsInput = builder.inputType('EditSettingsInput', {
  description: 'What a user may choose about one job. Everything has a default.',
  fields: t => ({
    firstRound: t.field({ type: FirstRound, defaultValue: 'DIRECT', description: 'How the job begins.' }),
    maxRounds: t.int({ defaultValue: 5, description: 'The most rounds it makes, 1 to 20; round 0 does not count.' }),
    candidates: t.int({ defaultValue: 1, description: 'Best-of-N: edits a round, 1 to 8, each with its own seed.' }),
    editFrom: t.field({ type: EditFrom, defaultValue: 'SOURCE', description: 'What each round edits.' }),
    select: t.field({ type: Selection, defaultValue: 'BEST', description: "Which round's image is the result." }),
    stop: t.field({ type: StopRuleInput, description: 'When it stops early.' }),
    critique: t.boolean({
      defaultValue: true,
      description: 'False: one edit, no thinker; needs `firstRound: DIRECT`.',
    }),
    fallbackEditors: t.stringList({
      description:
        'Model ids that take over in this order, round by round, once the editor has had no healthy endpoint for 10 s, or an edit has failed five times at it; at most 8. An edit that an editor refuses goes to none. `Round.editor` tells who did it. Of `editorParameters` a fallback gets those it takes; the rest is left out.',
    }),
    resubmitUncertain: t.boolean({
      defaultValue: false,
      description:
        'Whether an edit that was sent to a paid provider and never answered may be sent, and paid for, again. False: its round fails with SUBMISSION_UNCERTAIN; `retryJob` sends it again.',
    }),
    seed: t.int({ description: `Of the first round, 0 to ${MAX_SEED}; the rest are derived from it and stored.` }),
    editorParameters: t.field({
      type: 'JSON',
      description:
        "An object of parameter names and values, checked against the model's `parameters`: steps, guidance scale, negative prompt and so on; at most 64 KiB.",
    }),
  }),
})

/** A value that may be left out or null: null then. */
export const optional = <T>(rule: z.ZodType<T>) => rule.nullish().transform(value => value ?? null)

const stopRule = z
  .strictObject({
    semanticAtLeast: numberFrom(0, 10).nullish(),
    qualityAtLeast: numberFrom(0, 10).nullish(),
    patience: optional(intFrom(1, 20)),
    maxEditorSeconds: optional(z.number().positive('must be above 0').max(1e9, 'must be at most 1000000000')),
    maxThinkerTokens: optional(intFrom(1, MAX_INT)),
    deadlineSeconds: optional(intFrom(1, 2_592_000)),
  })
  .transform(stop => ({
    ...stop,
    semanticAtLeast: stop.semanticAtLeast ?? 8,
    qualityAtLeast: stop.qualityAtLeast ?? 8,
  }))

/** A model id as a job names it. */
export const modelIdRule = textOf(1, 200)

/** Reads EditSettingsInput into a job's settings with every default filled in. */
export const settingsRule = z
  .strictObject({
    firstRound: z.enum(['DIRECT', 'POLISH', 'EVALUATE']).nullish(),
    maxRounds: intFrom(1, 20).nullish(),
    candidates: intFrom(1, 8).nullish(),
    editFrom: z.enum(['SOURCE', 'PREVIOUS', 'BEST']).nullish(),
    select: z.enum(['BEST', 'LAST']).nullish(),
    stop: stopRule.nullish(),
    critique: z.boolean().nullish(),
    fallbackEditors: listOf(modelIdRule, 8).nullish(),
    resubmitUncertain: z.boolean().nullish(),
    seed: intFrom(0, MAX_SEED).nullish(),
    editorParameters: jsonOf(MAX_PARAMETER_BYTES)
      .optional()
      .refine(value => value === null || value === undefined || isObject(value), 'must be an object')
      .transform(value => (isObject(value) ? value : {})),
  })
  .transform(settings => ({
    firstRound: settings.firstRound ?? ('DIRECT' as const),
    maxRounds: settings.maxRounds ?? 5,
    candidates: settings.candidates ?? 1,
    editFrom: settings.editFrom ?? ('SOURCE' as const),
    select: settings.select ?? ('BEST' as const),
    stop: settings.stop ?? stopRule.parse({}),
    critique: settings.critique ?? true,
    fallbackEditors: settings.fallbackEditors ?? [],
    resubmitUncertain: settings.resubmitUncertain ?? false,
    seed: settings.seed ?? null,
    editorParameters: settings.editorParameters,
  }))
  .refine(settings => settings.critique || settings.firstRound === 'DIRECT', {
    message: 'must be DIRECT where critique is false, since the others need a thinker',
    path: ['firstRound'],
  })

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** How large a job's metadata may be as JSON. */
export const MAX_METADATA_BYTES = 16_384

/** What every way of starting a job takes besides its images. */
export const jobRule = z.object({
  instruction: textOf(1, 8000),
  editor: optional(modelIdRule),
  thinker: optional(modelIdRule),
  settings: settingsRule.nullish().transform(settings => settings ?? settingsRule.parse({})),
  priority: intFrom(-100, 100)
    .nullish()
    .transform(priority => priority ?? 0),
  batch: optional(textOf(1, 200)),
  tags: listOf(textOf(1, 100), 50)
    .nullish()
    .transform(tags => tags ?? []),
  metadata: jsonOf(MAX_METADATA_BYTES)
    .optional()
    .transform(value => value ?? null),
  idempotencyKey: optional(textOf(1, 200)),
})
