// What a pair of pictures says of the words that made them: the prompt whose picture was found better is the better answer
// to "what should the editor be told?".

import type { PairSample } from '../datasets/sample.ts'
import { withoutMarkers } from './tagged-step.ts'

/** What the one who writes prompts is asked; with a picture where there is a source. */
export function toPromptQuestion({ instruction, source }: PairSample): string {
  const wish = withoutMarkers(instruction)
  return source
    ? `<image>\nAn image editor will change this picture. It sees the picture and your words, nothing else. Write the prompt that makes it do what the user wants: what to change, where and how much, and what must stay as it is. Write the prompt alone.\n\nWhat the user wants:\n${wish}`
    : `An image generator will make a picture from your words alone. Write the prompt that makes it show what the user wants. Write the prompt alone.\n\nWhat the user wants:\n${wish}`
}

/** The better and the worse answer; null where both pictures were made by the same words, which says nothing of them. */
export function toPromptAnswers({ chosen, rejected }: PairSample): { chosen: string; rejected: string } | null {
  if (chosen.prompt.trim() === rejected.prompt.trim()) return null
  return { chosen: withoutMarkers(chosen.prompt), rejected: withoutMarkers(rejected.prompt) }
}
