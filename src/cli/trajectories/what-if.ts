import chalk from 'chalk'
import { Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { UsageError } from '../cli-error.ts'
import { filterOption } from '../filter-option.ts'
import { formatTable } from '../format-table.ts'
import { toScore } from '../jobs/describe-round.ts'
import { parseScore } from '../jobs/run-job.ts'
import { collect, openSession, parseWholeNumber, printJson, type Session } from '../session.ts'

const document = `query WhatIf($filter: TrajectoryFilter, $asOf: String, $rules: [WhatIfRuleInput!]!) {
  whatIf(filter: $filter, asOf: $asOf, rules: $rules) { actual { ...Totals } outcomes { ...Totals } }
}
fragment Totals on WhatIfTotals {
  jobs results scored meanOverall medianOverall edits editorSeconds thinkerTokens satisfied cutShort
  stopReasons { stopReason jobs }
}`

const Totals = z.object({
  jobs: z.number(),
  results: z.number(),
  scored: z.number(),
  meanOverall: z.number().nullable(),
  medianOverall: z.number().nullable(),
  edits: z.number(),
  editorSeconds: z.number(),
  thinkerTokens: z.number(),
  satisfied: z.number(),
  cutShort: z.number(),
  stopReasons: z.array(z.object({ stopReason: z.string(), jobs: z.number() })),
})
type Totals = z.infer<typeof Totals>
const Data = z.object({ whatIf: z.object({ actual: Totals, outcomes: z.array(Totals) }) })

const MAX_RULES = 10

type Options = {
  filter?: Record<string, unknown>
  asOf?: string
  threshold?: number[]
  patience?: number
  maxRounds?: number
  maxEditorSeconds?: number
  maxThinkerTokens?: number
  select?: 'BEST' | 'LAST'
}

/** `pentimento what-if`: finished jobs by other stop rules, in a table beside what they did. */
export function whatIfCommand(): Command {
  return new Command('what-if')
    .description(
      'tell what finished jobs would have come to by another stop rule; what is not given stays as each had it',
    )
    .addOption(filterOption())
    .option('--as-of <cursor>', "only what had ended by this place of the tenant's log")
    .option('--threshold <score>', 'satisfied needs both scores to reach this; several make a row each', collectScores)
    .option('--patience <n>', 'stop after so many scored rounds without a gain', parseWholeNumber(1, 20))
    .option('--max-rounds <n>', 'the most rounds', parseWholeNumber(1, 20))
    .option('--max-editor-seconds <n>', 'stop once so many seconds of editor time are used', parseNumber)
    .option('--max-thinker-tokens <n>', 'stop once so many thinker tokens are used', parseWholeNumber(0, 2_147_483_647))
    .option('--select <best|last>', "which round's picture is the result", parseSelection)
    .action(async (options: Options, command: Command) => tell(openSession(command), options))
}

async function tell({ api, isJson }: Session, options: Options): Promise<void> {
  const { filter = null, asOf = null, threshold = [], ...rule } = options
  if (threshold.length > MAX_RULES) throw new UsageError(`--threshold may be given ${MAX_RULES} times at most.`)
  const rules = threshold.length === 0 ? [rule] : threshold.map(score => toRule(rule, score))
  const { whatIf } = await api.run(document, { filter, asOf, rules }, Data)
  if (isJson) {
    printJson({ __typename: 'WhatIf', rules, ...whatIf })
    return
  }
  const named = whatIf.outcomes.map((totals, i) =>
    toRow(threshold[i] === undefined ? 'this rule' : `${threshold[i]}`, totals),
  )
  console.log(formatTable({ head, rows: [toRow('actual', whatIf.actual), ...named], flexible: head.length - 1 }))
  if (whatIf.outcomes.some(totals => totals.cutShort > 0)) {
    console.log(
      chalk.dim(
        '\nCUT SHORT: the history ends before the rule would have stopped; such jobs count as far as they went.',
      ),
    )
  }
}

const head = ['RULE', 'JOBS', 'MEAN', 'MEDIAN', 'SATISFIED', 'CUT SHORT', 'EDITS', 'EDITOR S', 'TOKENS', 'STOPPED BY']

function toRow(name: string, totals: Totals): string[] {
  const { jobs, meanOverall, medianOverall, satisfied, cutShort, edits, editorSeconds, thinkerTokens } = totals
  return [
    name,
    `${jobs}`,
    toScore(meanOverall),
    toScore(medianOverall),
    toShare(satisfied, jobs),
    toShare(cutShort, jobs),
    `${edits}`,
    editorSeconds.toFixed(0),
    `${thinkerTokens}`,
    totals.stopReasons.map(({ stopReason, jobs: count }) => `${stopReason} ${count}`).join(', '),
  ]
}

const toShare = (part: number, whole: number) => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)}%`)

function toRule(rule: object, score: number): object {
  return { ...rule, semanticAtLeast: score, qualityAtLeast: score }
}

function collectScores(text: string, before: number[] = []): number[] {
  return [...before, ...collect(text).map(parseScore)]
}

function parseNumber(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1e9) return value
  throw new InvalidArgumentError('It must be a number from 0 to 1000000000.')
}

function parseSelection(text: string): string {
  if (/^(best|last)$/i.test(text)) return text.toUpperCase()
  throw new InvalidArgumentError('It must be best or last.')
}
