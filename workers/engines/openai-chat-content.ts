// What a thinker is shown: one user message of texts and pictures. The pictures keep a fixed order, source before result,
// so that a server's prefix cache keeps the template and the source from round to round.

import { critiqueGeneratedTagged } from '../../src/thinker/critique-generated-tagged.ts'
import { critiqueTagged } from '../../src/thinker/critique-tagged.ts'
import { fillTemplate } from '../../src/thinker/fill-template.ts'
import type { CritiqueRequest, JudgeRequest, Picture, PolishRequest } from './engine.ts'
import { critiqueGeneratedJson } from './templates/critique-generated-json.ts'
import { critiqueJson } from './templates/critique-json.ts'
import { polish } from './templates/polish.ts'
import { polishGenerated } from './templates/polish-generated.ts'

/** One part of the message. */
export type ContentPart = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } }

/** The operator's own texts, sent byte for byte but for image markers and placeholders; null: ours. */
export type ThinkerTemplates = {
  critiqueTemplate: string | null
  polishTemplate: string | null
  /** For pictures that were made from words alone: the others speak of two pictures. */
  generateCritiqueTemplate: string | null
  generatePolishTemplate: string | null
}

/** The tagged form: pictures, then the template with the instruction and the prompt filled in. */
export function toTaggedContent(request: CritiqueRequest, templates: ThinkerTemplates): ContentPart[] {
  const { instruction, prompt, source, edited } = request
  const chosen = source
    ? (templates.critiqueTemplate ?? critiqueTagged)
    : (templates.generateCritiqueTemplate ?? critiqueGeneratedTagged)
  const text = fillTemplate(chosen.replaceAll('<image>', ''), { instruction, prompt })
  return [...toImages(source, edited), toText(text)]
}

/** The JSON form: the template, a text with the facts, then the pictures in the order it states. */
export function toJsonContent(request: CritiqueRequest, templates: ThinkerTemplates): ContentPart[] {
  const { instruction, prompt, source, edited } = request
  const template = source
    ? (templates.critiqueTemplate ?? critiqueJson)
    : (templates.generateCritiqueTemplate ?? critiqueGeneratedJson)
  const facts = [
    `What the user wants:\n${instruction}`,
    prompt === '' ? 'Nothing has been edited yet; both pictures are the original.' : `The editor's prompt:\n${prompt}`,
    source
      ? 'The pictures, in this order: [Original, Edited]'
      : 'There is one picture, made from words alone: [Result]',
  ]
  return [toText(template), toText(facts.join('\n\n')), ...toImages(source, edited)]
}

/** The request to rewrite an instruction, with the source where there is one. */
export function toPolishContent({ instruction, source }: PolishRequest, templates: ThinkerTemplates): ContentPart[] {
  const template = source ? (templates.polishTemplate ?? polish) : (templates.generatePolishTemplate ?? polishGenerated)
  return [toText(`${template}\n\nWhat the user wants:\n${instruction}`), ...toImages(source)]
}

/** A judge's question: its text, then each picture after its label. */
export function toJudgeContent({ text, pictures }: JudgeRequest): ContentPart[] {
  const shown = pictures.flatMap(({ label, picture }) => [...(label ? [toText(label)] : []), ...toImages(picture)])
  return [toText(text), ...shown]
}

function toText(text: string): ContentPart {
  return { type: 'text', text }
}

function toImages(...pictures: (Picture | null)[]): ContentPart[] {
  return pictures
    .filter(picture => picture !== null)
    .map(({ bytes, contentType }) => ({
      type: 'image_url',
      image_url: { url: `data:${contentType};base64,${bytes.toString('base64')}` },
    }))
}
