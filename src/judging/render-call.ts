import type { ImageRef } from '../jobs/start-stage.ts'
import type { JudgeImage, JudgeQuestion } from './rubric.ts'

/** What a question is put about. `pictures`: those of its benchmark, by name. */
export type JudgedRound = {
  instruction: string
  /** What the editor was given; '' for round 0. */
  prompt: string
  source: ImageRef | null
  edited: ImageRef | null
  references: ImageRef[]
  pictures: Record<string, ImageRef>
}

/** A question as it is put: the text, and the pictures in order, each after its label. */
export type RenderedCall = { text: string; pictures: { label: string; image: ImageRef }[] }

/** A question about one round. Pure. */
export function renderCall(question: JudgeQuestion, round: JudgedRound): RenderedCall {
  const { template, instructionMarks, fields, images } = question
  const { instruction, prompt } = round
  const marked = ['{instruction}', ...instructionMarks].map(mark => [mark, instruction] as const)
  const words: Record<string, string> = { ...Object.fromEntries(marked), '{prompt}': prompt, ...fields }
  const places = new RegExp(Object.keys(words).map(toPattern).join('|'), 'g')
  return {
    // In one pass: a placeholder inside the user's own words stays as it is.
    text: template.replace(places, place => words[place] ?? place),
    pictures: images
      .flatMap(image => imagesOf(image, round).map(found => ({ label: image.label, image: found })))
      .map(({ label, image }, i) => ({ label: label.replace('{n}', String(i + 1)), image })),
  }
}

function imagesOf(image: JudgeImage, { source, edited, references, pictures }: JudgedRound): ImageRef[] {
  switch (image.of) {
    case 'source':
      return source ? [source] : []
    case 'edited':
      return edited ? [edited] : []
    case 'references':
      return image.at === undefined ? references : references.slice(image.at, image.at + 1)
    case 'picture':
      return [pictures[image.name] ?? []].flat()
  }
  image satisfies never
  return []
}

function toPattern(place: string): string {
  return place.replace(/[{}[\]()*+?.^$|\\]/g, '\\$&')
}
