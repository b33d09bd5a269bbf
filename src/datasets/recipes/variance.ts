import type { ThinkEditRecipe, VarianceRule } from '../recipe.ts'
import type { FunnelLine } from './funnel.ts'
import type { CutTrajectory, Step } from './think-edit.ts'

type Subset = 'SFT' | 'RL' | null

/** Tells trajectories of RL from those of SFT, and keeps the steps of the subset that the recipe asks for. */
export function decideSubsets(
  steps: readonly Step[],
  { variance: rule, subset: wanted }: Pick<ThinkEditRecipe, 'variance' | 'subset'>,
): { steps: readonly Step[]; subsetOf: (trajectory: CutTrajectory) => Subset; funnel: FunnelLine[] } {
  if (rule === null) return { steps, subsetOf: () => null, funnel: [] }
  const trajectories = [...new Set(steps.map(step => step.trajectory))]
  const threshold = rule.threshold ?? findThreshold(trajectories, rule)
  const subsetOf = ({ variance, lowest }: CutTrajectory): Subset =>
    variance > threshold && !isConstantlyHigh(lowest, rule) ? 'RL' : 'SFT'
  const kept = wanted === 'ALL' ? steps : steps.filter(step => subsetOf(step.trajectory) === wanted)
  const ofRl = trajectories.filter(trajectory => subsetOf(trajectory) === 'RL').length
  const name = `subset ${wanted}, ${ofRl} of ${trajectories.length} trajectories RL: variance above ${threshold}`
  const reason = wanted === 'ALL' ? null : `its trajectory belongs to ${wanted === 'RL' ? 'SFT' : 'RL'}`
  const counts = { in: steps.length, kept: kept.length, dropped: steps.length - kept.length }
  return { steps: kept, subsetOf, funnel: [{ name, unit: 'steps', ...counts, reason }] }
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
