import type { Balance } from '../recipe.ts'
import type { FunnelLine } from './funnel.ts'
import type { Step } from './think-edit.ts'

/** The score levels, each from its number to below the next; the last is 10 alone. As the bars of the paper's figure 3. */
export const scoreLevels = ['0', '2', '4', '6', '8', '10'] as const

/**
 * The steps with no more of a kind than `balance` allows. Which of a kind stay is decided by the hash of what they hold,
 * so that the same steps in any order give the same. Sorts `steps` in place.
 */
export function balanceSteps(
  steps: Step[],
  { taskShares, scoreShares, maxPerCell }: Balance,
): { steps: Step[]; funnel: FunnelLine[] } {
  let kept = steps.sort(compareDigests)
  const funnel: FunnelLine[] = []
  const apply = (name: string, reason: string, groupOf: (step: Step) => string, limits: (sizes: Sizes) => Sizes) => {
    const allowed = limits(countBy(kept, groupOf))
    const before = kept.length
    kept = kept.filter(step => {
      const group = groupOf(step)
      const left = allowed.get(group) ?? 0
      allowed.set(group, left - 1)
      return left > 0
    })
    funnel.push({ name, unit: 'steps', in: before, kept: kept.length, dropped: before - kept.length, reason })
  }
  const taskOf = (step: Step) => step.trajectory.task
  const levelOf = (step: Step) => toScoreLevel(step.overall)
  if (taskShares) {
    apply('balance by task', 'more than the share of its task', taskOf, sizes => toLimits(sizes, taskShares))
  }
  if (scoreShares) {
    apply('balance by score', 'more than the share of its score level', levelOf, sizes => toLimits(sizes, scoreShares))
  }
  if (maxPerCell !== null) {
    const reason = `more than ${maxPerCell} of its task and score level`
    const cellOf = (step: Step) => `${levelOf(step)} ${taskOf(step)}`
    apply('cap', reason, cellOf, sizes => new Map([...sizes.keys()].map(cell => [cell, maxPerCell])))
  }
  return { steps: kept, funnel }
}

type Sizes = Map<string, number>

/** "0", "2" ... "10". */
function toScoreLevel(overall: number): string {
  return String(Math.min(10, Math.floor(overall / 2) * 2))
}

// As many as can be had with everybody at its share: the scarcest decides.
function toLimits(sizes: Sizes, shares: Readonly<Record<string, number>>): Sizes {
  const present = Object.entries(shares).filter(([group, share]) => share > 0 && sizes.has(group))
  const total = Math.min(...present.map(([group, share]) => (sizes.get(group) ?? 0) / share))
  // The scarcest group keeps all it has, whatever the division rounds to.
  return new Map(present.map(([group, share]) => [group, Math.floor(total * share + 1e-9)]))
}

function countBy(steps: readonly Step[], groupOf: (step: Step) => string): Sizes {
  const sizes: Sizes = new Map()
  for (const step of steps) sizes.set(groupOf(step), (sizes.get(groupOf(step)) ?? 0) + 1)
  return sizes
}

// Steps of one digest hold the same; of those with the same S_k and variance too it makes no difference which one stays.
function compareDigests(a: Step, b: Step): number {
  if (a.digest !== b.digest) return a.digest < b.digest ? -1 : 1
  const [ofA, ofB] = [a.trajectory, b.trajectory]
  return ofA.bestIndex - ofB.bestIndex || ofA.variance - ofB.variance || (ofA.task < ofB.task ? -1 : 1)
}
