// KRIS-Bench: three calls with scores of 1-5. What the second one asks, and what the first two show, hangs on the category.

import type { JudgeItem } from '../judge-item.ts'
import { makeBenchmarkRubric, textFact, toFive } from '../make-benchmark-rubric.ts'
import type { JudgeImage } from '../rubric.ts'
import { krisTemplates } from './kris-templates.ts'

const edited: JudgeImage = { of: 'edited', label: 'The edited image:' }

/**
 * Calls `consistency`, `instruction` or, where knowledge is scored, `dual`, and `quality`. Texts have {explain}, the item's
 * explanation, and {frame}, the number of the frame that was made.
 */
export const krisRubric = makeBenchmarkRubric({
  ...{ benchmark: 'kris', calls: ['consistency', 'instruction', 'dual', 'quality'], templates: krisTemplates },
  ...{ instructionMarks: ['{instruct}'], temperature: null, maxTokens: 1_000, toScores: null },
  describe(call, item) {
    const explanation = textFact(item, 'explanation')
    const isTemporal = item.taskType === 'temporal_prediction'
    return {
      template: call === 'quality' || call === 'dual' ? call : `${call}${variantOf(call, item)}`,
      fields: { '{explain}': explanation, '{explanation}': explanation, '{frame}': String(frameOf(item)) },
      images: call === 'quality' ? [edited] : shown(call, item),
      preparation: isTemporal ? 'jpeg' : 'under3MiB',
    }
  },
  write(call, _item, { semantic, quality, reasoning }) {
    const score = toFive(call === 'quality' ? quality : semantic)
    if (call !== 'dual') return JSON.stringify({ [`${call}_score`]: score, reasoning })
    const knowledge = score <= 2 ? 1 : score
    return JSON.stringify({
      ...{ instruction_score: score, instruction_reasoning: reasoning },
      ...{ knowledge_score: knowledge, knowledge_reasoning: 'It was measured what was asked for.' },
    })
  },
})

function variantOf(call: string, { taskType }: JudgeItem): string {
  if (taskType === 'multi-element_composition') return '-multi'
  if (taskType === 'temporal_prediction') return '-temporal'
  return taskType === 'viewpoint_change' && call === 'instruction' ? '-viewpoint' : ''
}

function shown(call: string, item: JudgeItem): JudgeImage[] {
  switch (item.taskType) {
    case 'temporal_prediction':
      return frames(item)
    case 'multi-element_composition':
      return [...originals(item, 'Original image {n}:'), edited]
    default: {
      const pair: JudgeImage[] = [{ of: 'source', label: 'The original image:' }, edited]
      const truth: JudgeImage = { of: 'picture', name: 'groundTruth', label: 'The ground truth:' }
      return item.taskType === 'viewpoint_change' && call === 'instruction' ? [...pair, truth] : pair
    }
  }
}

/** The three that were given, with the new one in its place. */
function frames(item: JudgeItem): JudgeImage[] {
  const made: JudgeImage = { of: 'edited', label: 'Frame {n}, made by the model:' }
  return originals(item, 'Frame {n}, given:').toSpliced(frameOf(item) - 1, 0, made)
}

/** The most pictures an item has beside its first. */
const MAX_OTHERS = 4

/** The item's pictures, the source first. Those the editor was not given are the judge's: original2, original3 ... */
function originals({ pictures }: JudgeItem, label: string): JudgeImage[] {
  const places = Array.from({ length: MAX_OTHERS }, (_, at) => at)
  const kept = places.map(at => `original${at + 2}`).filter(name => pictures.includes(name))
  const others: JudgeImage[] =
    kept.length > 0
      ? kept.map(name => ({ of: 'picture', name, label }))
      : places.map(at => ({ of: 'references', at, label }))
  return [{ of: 'source', label }, ...others]
}

function frameOf({ facts }: JudgeItem): number {
  return typeof facts.frame === 'number' ? facts.frame : 4
}
