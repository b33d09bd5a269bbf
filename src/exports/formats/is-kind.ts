import type { PairSample, Sample, StepSample } from '../../datasets/sample.ts'
import type { ExportItem } from '../export-format.ts'

/** Whether the item is a step. */
export function isStep(item: ExportItem): item is Sample<StepSample> {
  return 'content' in item && item.content.kind === 'STEP'
}

/** Whether the item is a pair. */
export function isPair(item: ExportItem): item is Sample<PairSample> {
  return 'content' in item && item.content.kind === 'PAIR'
}
