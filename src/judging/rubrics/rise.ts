// RISEBench: up to three calls, each with one "Final Score" of 1-5, of logical items 0 or 1.

import type { JudgeItem } from '../judge-item.ts'
import { makeBenchmarkRubric, textFact, toFive } from '../make-benchmark-rubric.ts'
import type { JudgeImage } from '../rubric.ts'
import { riseTemplates } from './rise-templates.ts'

const source: JudgeImage = { of: 'source', label: '' }
const edited: JudgeImage = { of: 'edited', label: '' }
const reference: JudgeImage = { of: 'picture', name: 'reference', label: '' }

/** Calls `consistency`, `reasoning` and `plausibility`. Texts have {reference}, what should be seen. */
export const riseRubric = makeBenchmarkRubric({
  ...{ benchmark: 'rise', calls: ['consistency', 'reasoning', 'plausibility'], templates: riseTemplates },
  ...{ instructionMarks: ['{instruct}'], temperature: 0, maxTokens: 4_096, toScores: null },
  describe(call, item) {
    const { first, isFirstInReasoning, variant } = describeItem(item)
    const isPair = call === 'consistency' || (call === 'reasoning' && isFirstInReasoning)
    return {
      template: `${call}${variant[call as keyof typeof variant] ?? ''}`,
      fields: { '{reference}': textFact(item, 'referenceText') || textFact(item, 'reference') },
      images: isPair ? [first, edited] : [edited],
      preparation: 'within768',
    }
  },
  write(call, { taskType }, { semantic, quality, reasoning }) {
    const measured = call === 'plausibility' ? quality : semantic
    const score = taskType === 'logical_reasoning' ? Number(measured >= 8) : toFive(measured)
    return `${reasoning}\n\n**Final Score:** **${score}**`
  },
})

type Described = {
  /** What the result is compared with. */
  first: JudgeImage
  isFirstInReasoning: boolean
  /** What the name of each call's text ends in. */
  variant: { consistency?: string; reasoning?: string; plausibility?: string }
}

function describeItem(item: JudgeItem): Described {
  const isWithInput = item.facts.isReasoningWithInput === true
  const withInput = isWithInput ? '-with-input' : ''
  switch (item.taskType) {
    case 'logical_reasoning': {
      if (textFact(item, 'referenceText') !== '') {
        const variant = { consistency: '-logical-text', reasoning: '-logical-text' }
        return { first: source, isFirstInReasoning: false, variant }
      }
      const question = item.facts.isWithoutQuestion === true ? '-without-question' : ''
      const variant = { consistency: '-logical-image', reasoning: `-logical-image${question}` }
      return { first: reference, isFirstInReasoning: true, variant }
    }
    case 'spatial_reasoning': {
      const hasReference = item.pictures.includes('reference')
      const reasoning = hasReference ? '-spatial-image' : `-spatial${withInput}`
      const variant = { consistency: '-spatial', reasoning, plausibility: '-spatial' }
      return { first: hasReference ? reference : source, isFirstInReasoning: hasReference || isWithInput, variant }
    }
    default:
      return { first: source, isFirstInReasoning: isWithInput, variant: { reasoning: withInput } }
  }
}
