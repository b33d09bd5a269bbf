// LLaMA-Factory's sharegpt form (its data/README): messages by role and content, images as paths below `media_dir`, as many
// as there are <image> markers; dataset_info.json names the folder of a split as one data set.

import type { ExportFormat } from '../export-format.ts'
import { llamaFactorySftKit } from '../kits/llama-factory-kit.ts'
import { picturesOf, toAnswer, toQuestion } from '../tagged-step.ts'
import { toDatasetInfo } from './dataset-info.ts'
import { isStep } from './is-kind.ts'
import { writeJsonArray } from './json-array.ts'

/** Supervised fine-tuning of a thinker: one conversation a step. */
export const llamaFactorySft: ExportFormat = {
  name: 'LLAMA_FACTORY_SFT',
  kinds: ['STEP'],
  pictures: ['INCLUDED', 'NAMED'],
  subset: 'SFT',
  takesLines: false,
  usesTemplate: true,
  limits: { samples: 50_000, bytes: 256_000_000 },
  shardPath: (split, number) => `${split}/${String(number).padStart(5, '0')}.json`,
  open(sink, { options, place }) {
    const array = writeJsonArray(sink)
    return {
      async add(item) {
        if (!isStep(item)) return false
        const step = item.content
        const answer = toAnswer(step)
        if (answer === null) return false
        await array.add({
          messages: [
            { role: 'user', content: toQuestion(step, options.template) },
            { role: 'assistant', content: answer },
          ],
          images: picturesOf(step).map(picture => place(picture)),
        })
        return true
      },
      byteSize: array.byteSize,
      end: array.end,
    }
  },
  describe: summary => [
    { path: 'dataset_info.json', text: toDatasetInfo(summary, { messages: 'messages', images: 'images' }) },
    ...llamaFactorySftKit(summary),
  ],
}
