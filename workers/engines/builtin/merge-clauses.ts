import { type Clause, isSameThing } from './clause.ts'
import { clampAmount } from './graded-ops.ts'

/**
 * One clause for each thing: the later one counts ("it looks flat; 15% more contrast"). Turns, crops, borders and captions
 * all stay, in order.
 */
export function mergeClauses(clauses: Clause[]): Clause[] {
  const merged: Clause[] = []
  for (const clause of clauses) {
    const at = isRepeatable(clause) ? -1 : merged.findIndex(other => isSameThing(other, clause))
    if (at < 0) merged.push(clause)
    else merged[at] = clause
  }
  return merged.filter(clause => clause.kind !== 'graded' || Math.abs(clause.amount) > 1e-9).map(bound)
}

const isRepeatable = (clause: Clause) => ['rotate', 'flip', 'crop', 'border', 'caption'].includes(clause.kind)

const bound = (clause: Clause): Clause =>
  clause.kind === 'graded' ? { ...clause, amount: clampAmount(clause.op, clause.amount, clause.unit) } : clause
