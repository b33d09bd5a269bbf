import type { PairSample, Sample, StepSample, TrajectorySample } from '../../datasets/sample.ts'
import type { ExportItem } from '../export-format.ts'

/** Whether the item is a step. */
export function isStep(item: ExportItem): item is Sample<StepSample> {
  return 'content' in item && item.content.kind === 'STEP'
}

/** Whether the item is a pair. */
export function isPair(item: ExportItem): item is Sample<PairSample> {
  return 'content' in item && item.content.kind === 'PAIR'
}

/** Whether the item is a trajectory, not as a line. */
export function isTrajectory(item: ExportItem): item is Sample<TrajectorySample> {
  return 'content' in item && item.content.kind === 'TRAJECTORY'
}
