// A step as the conversation of the tagged form: what EditThinker's thinker is asked and what it should answer.

import type { SamplePicture, StepSample } from '../datasets/sample.ts'
import { critiqueGeneratedTagged } from '../thinker/critique-generated-tagged.ts'
import { critiqueTagged } from '../thinker/critique-tagged.ts'
import { fillTemplate } from '../thinker/fill-template.ts'

/** The pictures in the order of their markers. */
export function picturesOf({ source, edited }: StepSample): SamplePicture[] {
  return source ? [source, edited] : [edited]
}

/**
 * What the thinker is asked: the template (null: ours; always ours for a picture that was made from words alone) with as many
 * <image> markers as there are pictures.
 */
export function toQuestion(step: StepSample, template: string | null): string {
  const ours = step.source ? critiqueTagged : critiqueGeneratedTagged
  const chosen = step.source ? (template ?? ours) : ours
  const marked = withPictures(chosen, picturesOf(step).length)
  return fillTemplate(marked, { instruction: withoutMarkers(step.instruction), prompt: withoutMarkers(step.prompt) })
}

/** The template with a marker a picture before it, where it has none. */
export function withPictures(template: string, pictures: number): string {
  return template.includes(MARKER) ? template : `${MARKER}\n`.repeat(pictures) + template
}

/** What it should answer; null where nobody scored the picture. A final step repeats the prompt, as the template asks. */
export function toAnswer(step: StepSample): string | null {
  const scores = scoresOf(step)
  if (!scores) return null
  return [
    `<think>${withoutMarkers(step.reasoning.trim())}</think>`,
    `<score>${JSON.stringify(scores)}</score>`,
    `<answer>${withoutMarkers(step.refinedPrompt ?? step.prompt)}</answer>`,
  ].join('\n')
}

/** The recipe's scores of the edited picture, else those that the thinker gave; null unless both are there. */
export function scoresOf({ scores, answered }: StepSample): { semantic: number; quality: number } | null {
  for (const { semantic, quality } of [scores, answered]) {
    if (semantic !== null && quality !== null) return { semantic, quality }
  }
  return null
}

/** How many pictures a template of the user's own shows; ours and one without markers: as many as there are. */
export function countMarkers(template: string): number {
  return template.split(MARKER).length - 1
}

/**
 * The text without what trainers take for more than words: markers, for each of which they would look for a picture; tokens
 * of chat templates; and tags of the answer's own form, which would end it early, in brackets, since the paper's trainer
 * takes spaces out of tags.
 */
export function withoutMarkers(text: string): string {
  return text.replace(/<(image|video|audio|\|[\w-]+\|)>/g, '< $1 >').replace(/<(\/?)(think|score|answer)>/gi, '[$1$2]')
}

const MARKER = '<image>'
