// Thinkers behind POST {base}/chat/completions with image parts: vLLM, SGLang, OpenAI and compatible hosts. One user
// message, no system message. The pictures come in a fixed order, source then edited, so that a server's prefix cache
// keeps the template and the source from round to round.

import { z } from 'zod'
import type { CritiqueRequest, Picture, Thinker } from './engine.ts'
import { UnreadableVerdictError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { joinUrl, toBearer } from './openai-request.ts'
import { parseAnswer } from './parse-answer.ts'
import { parseJsonVerdict, parsePolished, parseTaggedVerdict, type ThinkerText } from './parse-verdict.ts'
import { critiqueJson } from './templates/critique-json.ts'
import { critiqueTagged } from './templates/critique-tagged.ts'
import { polish as polishText } from './templates/polish.ts'

/** One server of the kind. Templates are sent byte for byte but for image markers and placeholders; null: ours. */
export type OpenaiChatConfig = {
  baseUrl: string
  style: 'tagged' | 'json'
  servedModel: string
  key: string | null
  critiqueTemplate: string | null
  polishTemplate: string | null
  temperature: number | null
  maxTokens: number
}

/** A thinker whose answers are asked for in the configured style and read with tolerance. */
export function openaiChatThinker(http: HttpClient, config: OpenaiChatConfig): Thinker {
  const url = joinUrl(config.baseUrl, 'chat/completions')

  async function ask(content: ContentPart[], seed: number, signal: AbortSignal): Promise<Answer> {
    const body = JSON.stringify({
      model: config.servedModel,
      messages: [{ role: 'user', content }],
      max_completion_tokens: config.maxTokens,
      seed,
      ...(config.temperature !== null && { temperature: config.temperature }),
    })
    const headers = { 'content-type': 'application/json', ...toBearer(config.key) }
    const answer = await http.send({ method: 'POST', url, headers, body }, signal)
    return toAnswer(parseAnswer(answer.body, completionSchema))
  }

  return {
    async critique(request, signal) {
      const content = config.style === 'tagged' ? toTaggedContent(request, config) : toJsonContent(request, config)
      const { tokens, ...answer } = await ask(content, request.seed, signal)
      const verdict = config.style === 'tagged' ? parseTaggedVerdict(answer) : parseJsonVerdict(answer)
      if (!verdict) throw new UnreadableVerdictError(describeUnreadable(answer), tokens)
      return { ...verdict, tokens }
    },
    async polish({ instruction, source, seed }, signal) {
      const text = config.polishTemplate ?? polishText
      const content = [toText(`${text}\n\nWhat the user wants:\n${instruction}`), ...toImages(source)]
      const { tokens, ...answer } = await ask(content, seed, signal)
      const prompt = parsePolished(answer)
      if (prompt === null) throw new UnreadableVerdictError(describeUnreadable(answer), tokens)
      return { prompt, tokens }
    },
  }
}

type ContentPart = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } }
type Answer = ThinkerText & { tokens: number }

function toTaggedContent({ instruction, prompt, source, edited }: CritiqueRequest, config: OpenaiChatConfig) {
  const template = (config.critiqueTemplate ?? critiqueTagged).replaceAll('<image>', '')
  // In one pass: a placeholder inside the user's own words stays as it is.
  const text = template.replace(/\{(original_instruction|rewritten_prompt)\}/g, (_, name) =>
    name === 'original_instruction' ? instruction : prompt,
  )
  return [...toImages(source, edited), toText(text)]
}

function toJsonContent({ instruction, prompt, source, edited }: CritiqueRequest, config: OpenaiChatConfig) {
  const facts = [
    `What the user wants:\n${instruction}`,
    prompt === '' ? 'Nothing has been edited yet; both pictures are the original.' : `The editor's prompt:\n${prompt}`,
    source === null
      ? 'There is one picture, made from words alone: [Result]'
      : 'The pictures, in this order: [Original, Edited]',
  ]
  return [toText(config.critiqueTemplate ?? critiqueJson), toText(facts.join('\n\n')), ...toImages(source, edited)]
}

function toText(text: string): ContentPart {
  return { type: 'text', text }
}

// A picture made from words alone has no source beside it.
function toImages(...pictures: (Picture | null)[]): ContentPart[] {
  return pictures
    .filter(picture => picture !== null)
    .map(({ bytes, contentType }) => ({
      type: 'image_url',
      image_url: { url: `data:${contentType};base64,${bytes.toString('base64')}` },
    }))
}

const contentSchema = z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).nullish()
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: contentSchema,
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ total_tokens: z.number().int().nonnegative().optional() }).nullish(),
})

function toAnswer({ choices, usage }: z.infer<typeof completionSchema>): Answer {
  const choice = choices[0]
  const content = choice?.message.content ?? ''
  return {
    text: typeof content === 'string' ? content : content.map(part => part.text ?? '').join(''),
    reasoning: choice?.message.reasoning_content ?? choice?.message.reasoning ?? '',
    isCut: choice?.finish_reason === 'length',
    tokens: usage?.total_tokens ?? 0,
  }
}

function describeUnreadable({ text, isCut }: ThinkerText): string {
  if (text.trim() === '') return 'The thinker gave an empty answer.'
  if (isCut) return 'The thinker reached its length limit before it came to an answer.'
  return "The thinker's answer does not have the form that was asked for."
}
