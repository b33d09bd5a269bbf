import { type Clause, isSameThing } from './clause.ts'
import { clampAmount } from './graded-ops.ts'

/**
 * One clause for each thing: the later one counts ("it is too warm, cool it a little"), opposite amounts are added. Turns, crops, borders and captions all stay, in order.
 */
export function mergeClauses(clauses: Clause[]): Clause[] {
  const merged: Clause[] = []
  for (const clause of clauses) {
    const at = isRepeatable(clause) ? -1 : merged.findIndex(other => isSameThing(other, clause))
    const earlier = merged[at]
    if (!earlier) merged.push(clause)
    else merged[at] = combine(earlier, clause)
  }
  return merged.filter(clause => clause.kind !== 'graded' || Math.abs(clause.amount) > 1e-9).map(bound)
}

const isRepeatable = (clause: Clause) => ['rotate', 'flip', 'crop', 'border', 'caption'].includes(clause.kind)

function combine(earlier: Clause, later: Clause): Clause {
  if (earlier.kind !== 'graded' || later.kind !== 'graded' || earlier.unit !== later.unit) return later
  if (earlier.amount * later.amount < 0) return { ...later, amount: earlier.amount + later.amount }
  return later
}

const bound = (clause: Clause): Clause =>
  clause.kind === 'graded' ? { ...clause, amount: clampAmount(clause.op, clause.amount, clause.unit) } : clause
