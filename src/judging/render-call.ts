import type { ImageRef } from '../jobs/start-stage.ts'
import type { JudgeCall, JudgePicture } from './rubric.ts'
import type { JudgeInput } from './start-judge-task.ts'

/** A question as it is put: the text, and the pictures in order, each after its label. */
export type RenderedCall = { text: string; pictures: { of: JudgePicture; label: string; image: ImageRef }[] }

/** A rubric's question about one round. Pure. */
export function renderCall(call: JudgeCall, input: Omit<JudgeInput, 'rubric' | 'seed'>): RenderedCall {
  const { instruction, prompt, source, edited, references } = input
  const images: Record<JudgePicture, ImageRef[]> = {
    source: source ? [source] : [],
    edited: edited ? [edited] : [],
    references,
  }
  return {
    // In one pass: a placeholder inside the user's own words stays as it is.
    text: call.template.replace(/\{(instruction|prompt)\}/g, (_, name) =>
      name === 'instruction' ? instruction : prompt,
    ),
    pictures: call.images.flatMap(({ of, label }) => images[of].map(image => ({ of, label, image }))),
  }
}
