import type { Clause, GradedClause } from './clause.ts'
import type { Findings } from './explain-verdict.ts'
import { clampAmount } from './graded-ops.ts'
import { nextAmount } from './judge-graded.ts'

/**
 * The clauses of the next prompt: every doable clause of the instruction, graded ones with the amount that should land,
 * and a correcting clause for each thing that moved without being asked.
 */
export function refineClauses(doable: Clause[], prompt: Clause[], { graded, drifts }: Findings): Clause[] {
  const tried = (clause: GradedClause) =>
    prompt.find((each): each is GradedClause => each.kind === 'graded' && isSameChange(each, clause))
  const refined = doable.map(clause => {
    const judgement = graded.find(each => each.clause === clause)
    if (!judgement) return clause
    return { ...judgement.clause, amount: nextAmount(judgement, toUnit(tried(judgement.clause), judgement.clause)) }
  })
  const corrections = drifts.flatMap(({ correction, miss }) => {
    if (!correction) return []
    const { op, unit, by } = correction
    const last = prompt.find((each): each is GradedClause => each.kind === 'graded' && each.op === op)
    if (!last && miss < 0.6) return []
    const amount = clampAmount(op, (last ? last.amount : 0) + by * (op === 'saturation' ? 1.8 : 1.1), unit)
    const clause: GradedClause = { kind: 'graded', op, unit, amount: miss < 0.15 && last ? last.amount : amount }
    return Math.abs(clause.amount) < 0.05 ? [] : [clause]
  })
  return [...refined, ...corrections]
}

const isSameChange = (one: GradedClause, other: GradedClause) =>
  one.op === other.op && one.color?.name === other.color?.name

/** What the prompt asked, in the clause's own unit; null where it asked nothing. At the fixed gain 1% of brightness is half a point. */
function toUnit(tried: GradedClause | undefined, clause: GradedClause): number | null {
  if (!tried) return null
  if (tried.unit === clause.unit) return tried.amount
  return tried.unit === '%' ? tried.amount / 2 : tried.amount * 2
}
