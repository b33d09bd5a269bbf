// The reinforcement-learning records that the paper's trainer (a fork of EasyR1) reads, with its keys and no others. It fills
// the template and adds problem_id and the like by itself, from where a line stands in the file.

import type { ExportFormat } from '../export-format.ts'
import { easyR1Kit } from '../kits/easyr1-kit.ts'
import { scoresOf, withoutMarkers } from '../tagged-step.ts'
import { isStep } from './is-kind.ts'
import { writeLines } from './lines.ts'

/** One line a step; steps without a source or without scores are left out. */
export const easyR1: ExportFormat = {
  name: 'EASYR1',
  kinds: ['STEP'],
  pictures: ['INCLUDED', 'NAMED'],
  subset: 'RL',
  takesLines: false,
  usesTemplate: true,
  limits: null, // it takes one file
  shardPath: split => `rl_${split}.jsonl`,
  open(sink, { place }) {
    const lines = writeLines(sink)
    return {
      async add(item) {
        if (!isStep(item)) return false
        const { source, edited, instruction, prompt } = item.content
        const scores = scoresOf(item.content)
        if (!source || !scores) return false
        await lines.add(
          JSON.stringify({
            // The trainer splits what it filled at every marker.
            origin_prompt: withoutMarkers(instruction),
            rewritten_prompt: withoutMarkers(prompt),
            origin_image_path: place(source),
            edited_image_path: place(edited),
            evaluation: { semantics: scores.semantic, quality: scores.quality },
          }),
        )
        return true
      },
      byteSize: lines.byteSize,
      end: lines.end,
    }
  },
  describe: easyR1Kit,
}
