import type { Unknown } from './clause.ts'
import { formatClause } from './format-clauses.ts'
import { gradedOps } from './graded-ops.ts'
import type { ExactJudgement } from './judge-exact.ts'
import type { GradedJudgement } from './judge-graded.ts'
import type { QualityJudgement } from './judge-quality.ts'
import type { Drift } from './watch-unasked.ts'

export type Findings = {
  graded: GradedJudgement[]
  exact: ExactJudgement[]
  drifts: Drift[]
  unknown: Unknown[]
  quality: QualityJudgement
  isWrongSize: boolean
}

/** The verdict in plain sentences: what cannot be done first, then what missed, what moved along, what suffered, what is right. */
export function explainVerdict({ graded, exact, drifts, unknown, quality, isWrongSize }: Findings): string {
  const sentences: string[] = []
  for (const { text, reason } of unknown.slice(0, 3)) sentences.push(`I cannot do "${text}": ${reason}.`)
  if (unknown.length > 3) sentences.push(`${unknown.length - 3} more parts of the instruction cannot be done.`)
  for (const judgement of graded.filter(each => each.miss > 1)) sentences.push(describeMiss(judgement))
  for (const { clause, problem } of exact)
    if (problem) sentences.push(`"${formatClause(clause)}" was not done: ${problem}.`)
  if (isWrongSize && exact.length === 0) sentences.push('The size of the picture changed although nobody asked for it.')
  const moved = drifts.filter(drift => drift.miss > 1).map(drift => drift.what)
  if (moved.length > 0) sentences.push(`Not asked for, but changed: ${moved.join(', ')}.`)
  if (quality.faults.length > 0) sentences.push(`${capitalize(quality.faults.join('; '))}.`)
  const hits = [
    ...graded.filter(each => each.miss <= 1).map(describeHit),
    ...exact.filter(each => !each.problem).map(({ clause }) => formatClause(clause)),
  ]
  if (hits.length > 0) sentences.push(`As asked: ${hits.join(', ')}.`)
  if (sentences.length === 0) sentences.push('The instruction asks for no change, and nothing changed.')
  return sentences.join(' ')
}

function describeMiss({ clause, measured, hint, isDenied }: GradedJudgement): string {
  const { op, amount, unit, color } = clause
  const name = op === 'tint' && color ? `the tint towards ${color.name}` : `the ${op}`
  if (hint) return `${capitalize(name)} cannot change as asked: ${hint}.`
  const by = `${signed(measured)}${unitWord(unit)}`
  const verb =
    measured * amount < 0 ? 'went the wrong way' : Math.abs(measured) > Math.abs(amount) ? 'went too far' : 'fell short'
  return `${capitalize(name)} ${verb}: ${by} of ${signed(amount)}${unitWord(unit)} in ${gradedOps[op].measures}${isDenied ? `; ${edge}` : ''}.`
}

function describeHit({ clause, measured, hint, isDenied }: GradedJudgement): string {
  if (hint) return `${clause.op} (${hint})`
  const name = clause.op === 'tint' && clause.color ? `tint towards ${clause.color.name}` : clause.op
  return `${name} ${signed(measured)} of ${signed(clause.amount)}${unitWord(clause.unit)}${isDenied ? ` (${edge})` : ''}`
}

const edge = 'most of the rest lies beyond the colours a screen can show'

const signed = (value: number) => `${value < 0 ? '-' : '+'}${Number(Math.abs(value).toPrecision(3))}`
const unitWord = (unit: string) => (unit === '%' ? '%' : ` ${unit}`)
const capitalize = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
