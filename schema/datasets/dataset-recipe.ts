// How samples are made of trajectories, as callers say it, and the rule that fills in every default.

import { z } from 'zod'
import type { Recipe } from '../../src/datasets/recipe.ts'
import { scoreLevels } from '../../src/datasets/recipes/balance.ts'
import { builder } from '../builder.ts'
import { intFrom, numberFrom, textOf } from '../parse-input.ts'

const RecipeKind = builder.enumType('RecipeKind', {
  description: 'What makes samples of trajectories.',
  values: {
    THINK_EDIT: {
      description:
        'Steps of a thinker, as ThinkEdit-140K was made: trajectories in which a later round is at least as good as the first, cut at their best round, a step for each round before it.',
    },
    PREFERENCE: { description: 'Pairs of a better and a worse picture for one source and instruction.' },
    PLAIN: { description: 'Each trajectory as it is.' },
  } as const,
})

const Subset = builder.enumType('TrainingSubset', {
  description: 'For which kind of training.',
  values: {
    ALL: { description: 'Both.' },
    SFT: { description: 'Supervised: trajectories whose scores vary little or are constantly high.' },
    RL: { description: 'Reinforcement: trajectories whose scores vary more than the threshold.' },
  } as const,
})

const judge =
  "A judge model's id: its scores count, the mean where it judged a round more than once. Null: the thinker's own."
const taskKey = "The key of the job's metadata that names its task type. Null: `task`. Jobs without it are `other`."

const ThinkEditInput = builder.inputType('ThinkEditOptions', {
  description: 'Options of THINK_EDIT. Shares: as many steps are kept as the scarcest kind allows, chosen by hash.',
  fields: t => ({
    judge: t.string({ description: judge }),
    taskKey: t.string({ description: taskKey }),
    includeFinal: t.boolean({ description: "Whether the best round's own critique is a step too. Null: no." }),
    taskShares: t.field({
      type: 'JSON',
      description: 'Shares by task type, such as {"style": 0.5, "other": 0.5}; tasks that are not named are dropped.',
    }),
    scoreShares: t.field({
      type: 'JSON',
      description: `Shares by score level, each from its number up to the next: ${scoreLevels.join(', ')}.`,
    }),
    maxPerCell: t.int({ description: 'The most steps of one task type and score level, at least 1.' }),
    varianceThreshold: t.float({ description: 'RL: variance above this, 0 to 25. Not with `wantedRlTrajectories`.' }),
    wantedRlTrajectories: t.int({ description: 'RL: the threshold that at most so many are above; at least 0.' }),
    constantlyHigh: t.float({ description: 'SFT in any case: no score below this, 0 to 10.' }),
    subset: t.field({ type: Subset, description: 'What is kept; SFT and RL need a threshold. Null: ALL.' }),
  }),
})

const PreferenceInput = builder.inputType('PreferenceOptions', {
  description: 'Options of PREFERENCE.',
  fields: t => ({
    judge: t.string({ description: judge }),
    taskKey: t.string({ description: taskKey }),
    useScores: t.boolean({ description: "Whether scores make pairs: a job's best round and worse ones. Null: yes." }),
    minMargin: t.float({ description: 'How much better by scores, 0.01 to 10. Null: 1.' }),
    useHuman: t.boolean({ description: 'Whether what people chose makes pairs; it wins over scores. Null: yes.' }),
    maxPairsPerJob: t.int({
      description: 'The most pairs of one job, the clearest first; at least 1. Null: no limit.',
    }),
  }),
})

export const DatasetRecipeInput = builder.inputType('DatasetRecipe', {
  description: 'How samples are made of trajectories.',
  fields: t => ({
    kind: t.field({ type: RecipeKind, required: true, description: 'The recipe.' }),
    thinkEdit: t.field({ type: ThinkEditInput, description: 'Its options; THINK_EDIT only.' }),
    preference: t.field({ type: PreferenceInput, description: 'Its options; PREFERENCE only.' }),
  }),
})

const MAX_INT = 2_147_483_647

const base = {
  judge: textOf(1, 200).nullish(),
  taskKey: textOf(1, 200).nullish(),
}

const thinkEditRule = z
  .object({
    ...base,
    includeFinal: z.boolean().nullish(),
    taskShares: sharesOf(textOf(1, 200), 200),
    scoreShares: sharesOf(z.enum(scoreLevels), scoreLevels.length),
    maxPerCell: intFrom(1, MAX_INT).nullish(),
    varianceThreshold: numberFrom(0, 25).nullish(),
    wantedRlTrajectories: intFrom(0, MAX_INT).nullish(),
    constantlyHigh: numberFrom(0, 10).nullish(),
    subset: z.enum(['ALL', 'SFT', 'RL']).nullish(),
  })
  .refine(given => !isGiven(given.varianceThreshold) || !isGiven(given.wantedRlTrajectories), {
    message: 'must not be given together with varianceThreshold',
    path: ['wantedRlTrajectories'],
  })
  .refine(given => hasThreshold(given) || (given.subset ?? 'ALL') === 'ALL', {
    message: 'must be ALL unless varianceThreshold or wantedRlTrajectories is given',
    path: ['subset'],
  })
  .transform(
    (given): Recipe => ({
      kind: 'think-edit',
      judge: given.judge ?? null,
      taskKey: given.taskKey ?? 'task',
      includeFinal: given.includeFinal ?? false,
      balance: {
        taskShares: given.taskShares ?? null,
        scoreShares: given.scoreShares ?? null,
        maxPerCell: given.maxPerCell ?? null,
      },
      variance: hasThreshold(given)
        ? {
            threshold: given.varianceThreshold ?? null,
            wantedTrajectories: given.wantedRlTrajectories ?? null,
            constantlyHigh: given.constantlyHigh ?? null,
          }
        : null,
      subset: given.subset ?? 'ALL',
    }),
  )

const preferenceRule = z
  .object({
    ...base,
    useScores: z.boolean().nullish(),
    minMargin: numberFrom(0.01, 10).nullish(),
    useHuman: z.boolean().nullish(),
    maxPairsPerJob: intFrom(1, MAX_INT).nullish(),
  })
  .refine(given => given.useScores !== false || given.useHuman !== false, {
    message: 'must not be false where useScores is: nothing would make pairs',
    path: ['useHuman'],
  })
  .transform(
    (given): Recipe => ({
      kind: 'preference',
      judge: given.judge ?? null,
      taskKey: given.taskKey ?? 'task',
      minMargin: given.useScores === false ? null : (given.minMargin ?? 1),
      useHuman: given.useHuman ?? true,
      maxPairsPerJob: given.maxPairsPerJob ?? null,
    }),
  )

/** Reads a DatasetRecipe, every default filled in. */
export const recipeRule: z.ZodType<Recipe> = z
  .object({
    kind: z.enum(['THINK_EDIT', 'PREFERENCE', 'PLAIN']),
    thinkEdit: thinkEditRule.nullish(),
    preference: preferenceRule.nullish(),
  })
  .refine(given => given.kind === 'THINK_EDIT' || !given.thinkEdit, onlyFor('thinkEdit', 'THINK_EDIT'))
  .refine(given => given.kind === 'PREFERENCE' || !given.preference, onlyFor('preference', 'PREFERENCE'))
  .transform(({ kind, thinkEdit, preference }): Recipe => {
    if (kind === 'THINK_EDIT') return thinkEdit ?? thinkEditRule.parse({})
    if (kind === 'PREFERENCE') return preference ?? preferenceRule.parse({})
    return { kind: 'plain' }
  })

function onlyFor(field: string, kind: string) {
  return { message: `must be left out unless kind is ${kind}`, path: [field] }
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined
}

function hasThreshold(given: { varianceThreshold?: unknown; wantedRlTrajectories?: unknown }): boolean {
  return isGiven(given.varianceThreshold) || isGiven(given.wantedRlTrajectories)
}

function sharesOf(names: z.ZodType<string>, max: number) {
  const message = `must be an object of 1 to ${max} known names with shares from 0 to 1000, one above 0 at least`
  return z
    .record(z.string(), z.number().min(0).max(1000), message)
    .refine(shares => {
      const keys = Object.keys(shares)
      const areKnown = keys.every(key => names.safeParse(key).success)
      return areKnown && keys.length >= 1 && keys.length <= max && Object.values(shares).some(share => share > 0)
    }, message)
    .nullish()
}
