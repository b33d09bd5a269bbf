import { z } from 'zod'
import { readAsOf } from '../../src/trajectories/read-as-of.ts'
import { MAX_RULES, type WhatIf, type WhatIfRule, whatIf } from '../../src/trajectories/what-if.ts'
import type { WhatIfTotals } from '../../src/trajectories/what-if-totals.ts'
import { builder } from '../builder.ts'
import { Selection, StopReason } from '../enums.ts'
import { said } from '../errors-to-graphql.ts'
import { intFrom, listOf, numberFrom, parseArgument } from '../parse-input.ts'
import { TrajectoryFilterInput, trajectoryFilterRule } from './trajectory-filter.ts'

const WhatIfRuleInput = builder.inputType('WhatIfRuleInput', {
  description:
    "Another stop rule and selection. What is null or left out stays as each job had it; `{}` replays the job's own.",
  fields: t => ({
    semanticAtLeast: t.float({ description: 'Satisfied needs this semantic score, 0 to 10.' }),
    qualityAtLeast: t.float({ description: 'Satisfied needs this quality score, 0 to 10.' }),
    patience: t.int({ description: 'Stops after this many scored rounds without a gain, 1 to 20.' }),
    maxRounds: t.int({ description: 'The most rounds, 1 to 20.' }),
    maxEditorSeconds: t.float({ description: 'Stops once this many seconds of editor time are used.' }),
    maxThinkerTokens: t.int({ description: 'Stops once this many thinker tokens are used.' }),
    select: t.field({ type: Selection, description: "Which round's image is the result." }),
  }),
})

const whatIfRule = z
  .object({
    semanticAtLeast: numberFrom(0, 10).nullish(),
    qualityAtLeast: numberFrom(0, 10).nullish(),
    patience: intFrom(1, 20).nullish(),
    maxRounds: intFrom(1, 20).nullish(),
    maxEditorSeconds: numberFrom(0, 1e9).nullish(),
    maxThinkerTokens: intFrom(0, 2_147_483_647).nullish(),
    select: z.enum(['BEST', 'LAST']).nullish(),
  })
  .transform(rule => {
    const given = Object.entries(rule).filter(([, value]) => value !== null && value !== undefined)
    return Object.fromEntries(given) as WhatIfRule // fewer of the same keys
  })

const rulesRule = listOf(whatIfRule, MAX_RULES).refine(rules => rules.length > 0, 'must hold at least one rule')

const StopReasonCount = builder.objectRef<WhatIfTotals['stopReasons'][number]>('StopReasonCount').implement({
  description: 'How many jobs stopped for one reason.',
  fields: t => ({
    stopReason: t.expose('stopReason', { type: StopReason, description: 'Why they stopped.' }),
    jobs: t.exposeInt('jobs', { description: 'How many.' }),
  }),
})

const WhatIfTotalsRef = builder.objectRef<WhatIfTotals>('WhatIfTotals').implement({
  description: 'What all the jobs came to.',
  fields: t => ({
    jobs: t.exposeInt('jobs', { description: 'How many jobs.' }),
    results: t.exposeInt('results', { description: 'Those with an image as their result.' }),
    scored: t.exposeInt('scored', { description: 'Those whose result has an overall score.' }),
    meanOverall: t.exposeFloat('meanOverall', {
      nullable: true,
      description: 'Mean overall score of the scored results; null: there are none.',
    }),
    medianOverall: t.exposeFloat('medianOverall', {
      nullable: true,
      description: 'Their median, to a thousandth.',
    }),
    edits: t.exposeInt('edits', { description: 'Images that the editors made.' }),
    editorSeconds: t.exposeFloat('editorSeconds', { description: 'Seconds of editor time.' }),
    thinkerTokens: t.exposeFloat('thinkerTokens', {
      description:
        'Thinker tokens. Those of a polish and of answers that were asked for again count where a job is replayed to its end.',
    }),
    satisfied: t.exposeInt('satisfied', { description: 'Jobs that stopped as SATISFIED.' }),
    cutShort: t.exposeInt('cutShort', {
      description:
        'Jobs whose history ends before the rule would have stopped them: they count with what they had by then, what more rounds would have brought is unknown.',
    }),
    stopReasons: t.field({
      type: [StopReasonCount],
      description: 'Why the jobs stopped, the most frequent reason first; those cut short are not among them.',
      resolve: totals => totals.stopReasons,
    }),
  }),
})

const WhatIfRef = builder.objectRef<WhatIf>('WhatIf').implement({
  description: 'What jobs came to, and what they would have come to by other rules.',
  fields: t => ({
    actual: t.expose('actual', { type: WhatIfTotalsRef, description: 'What really happened.' }),
    outcomes: t.field({
      type: [WhatIfTotalsRef],
      description: 'What would have happened: one for each rule, in their order.',
      resolve: found => found.outcomes,
    }),
  }),
})

builder.queryField('whatIf', t =>
  t.field({
    type: WhatIfRef,
    // It reads all that matches: a few of them are enough for one operation.
    complexity: { field: 20_000, multiplier: 1 },
    description:
      "Replays other stop rules over the stored scores of the tenant's trajectories. No model is called. A deadline, a cancellation or a failure that ended a job stays where it was, unless the rule ends the job before.",
    args: {
      filter: t.arg({ type: TrajectoryFilterInput, description: 'Which trajectories; null: all.' }),
      asOf: t.arg.string({
        description:
          'A place in the log, from `asOf` of a page of trajectories or the cursor of an event: only what had ended by then. Null: now.',
      }),
      rules: t.arg({
        type: [WhatIfRuleInput],
        required: true,
        description: `1 to ${MAX_RULES} rules, replayed in one pass.`,
      }),
    },
    resolve: async (_root, args, { deps, caller }) => {
      const filter = parseArgument(trajectoryFilterRule, args.filter ?? {}, 'filter')
      const rules = parseArgument(rulesRule, args.rules, 'rules')
      const asOf = args.asOf ? await said(readAsOf(deps.db, args.asOf)) : null
      return await whatIf(deps.db, { tenantId: caller.tenantId, filter, asOf, rules })
    },
  }),
)
