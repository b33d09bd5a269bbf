import type { ThinkEditRecipe, VarianceRule } from '../recipe.ts'
import type { FunnelLine } from './funnel.ts'
import type { CutTrajectory, Step } from './think-edit.ts'

type Subset = 'SFT' | 'RL' | null

/** Tells steps of RL from those of SFT, all of a trajectory alike, and keeps the subset that the recipe asks for. */
export function decideSubsets(
  steps: readonly Step[],
  { variance: rule, subset: wanted }: Pick<ThinkEditRecipe, 'variance' | 'subset'>,
): { steps: (Step & { subset: Subset })[]; funnel: FunnelLine[] } {
  if (rule === null) return { steps: steps.map(step => ({ ...step, subset: null })), funnel: [] }
  const trajectories = [...new Set(steps.map(step => step.trajectory))]
  const threshold = rule.threshold ?? findThreshold(trajectories, rule)
  const toSubset = ({ variance, lowest }: CutTrajectory): Subset =>
    variance > threshold && !isConstantlyHigh(lowest, rule) ? 'RL' : 'SFT'
  const divided = steps.map(step => ({ ...step, subset: toSubset(step.trajectory) }))
  const kept = wanted === 'ALL' ? divided : divided.filter(step => step.subset === wanted)
  const ofRl = trajectories.filter(trajectory => toSubset(trajectory) === 'RL').length
  const name = `subset ${wanted}, ${ofRl} of ${trajectories.length} trajectories RL: variance above ${threshold}`
  const reason = wanted === 'ALL' ? null : `its trajectory belongs to ${wanted === 'RL' ? 'SFT' : 'RL'}`
  const counts = { in: steps.length, kept: kept.length, dropped: steps.length - kept.length }
  return { steps: kept, funnel: [{ name, unit: 'steps', ...counts, reason }] }
}

/** The lowest threshold that no more than the wanted number of trajectories are above; ties stay together, below it. */
function findThreshold(trajectories: readonly CutTrajectory[], rule: VarianceRule): number {
  const variances = trajectories.filter(({ lowest }) => !isConstantlyHigh(lowest, rule)).map(({ variance }) => variance)
  variances.sort((a, b) => b - a)
  return variances[rule.wantedTrajectories ?? 0] ?? 0
}

function isConstantlyHigh(lowest: number, { constantlyHigh }: VarianceRule): boolean {
  return constantlyHigh !== null && lowest >= constantlyHigh
}
