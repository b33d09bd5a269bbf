// Thinkers behind POST {base}/chat/completions with image parts: vLLM, SGLang, OpenAI and compatible hosts.

import { z } from 'zod'
import type { Thinker } from './engine.ts'
import { UnreadableVerdictError } from './engine.ts'
import type { HttpClient } from './http.ts'
import {
  type ContentPart,
  type ThinkerTemplates,
  toJsonContent,
  toJudgeContent,
  toPolishContent,
  toTaggedContent,
} from './openai-chat-content.ts'
import { critiqueSchema, polishSchema, type Sampling, toSamplingFields } from './openai-chat-dialect.ts'
import { joinUrl, toBearer } from './openai-request.ts'
import { parseAnswer } from './parse-answer.ts'
import { parseJsonVerdict, parsePolished, parseTaggedVerdict, type ThinkerText } from './parse-verdict.ts'

/** One server of the kind. */
export type OpenaiChatConfig = ThinkerTemplates &
  Sampling & { baseUrl: string; style: 'tagged' | 'json'; servedModel: string; key: string | null }

/** A thinker whose answers are asked for in the configured style and read with tolerance. */
export function openaiChatThinker(http: HttpClient, config: OpenaiChatConfig): Thinker {
  const url = joinUrl(config.baseUrl, 'chat/completions')

  async function ask(
    content: ContentPart[],
    { seed, schema, sampling = config }: { seed: number; schema: typeof critiqueSchema | null; sampling?: Sampling },
    signal: AbortSignal,
  ): Promise<Answer> {
    const body = JSON.stringify({
      model: config.servedModel,
      messages: [{ role: 'user', content }],
      seed,
      ...toSamplingFields(sampling, schema),
    })
    const headers = { 'content-type': 'application/json', ...toBearer(config.key) }
    const answer = await http.send({ method: 'POST', url, headers, body }, signal)
    return toAnswer(parseAnswer(answer.body, completionSchema))
  }

  return {
    async critique(request, signal) {
      const content = config.style === 'tagged' ? toTaggedContent(request, config) : toJsonContent(request, config)
      const { tokens, ...answer } = await ask(content, { seed: request.seed, schema: critiqueSchema }, signal)
      const verdict = config.style === 'tagged' ? parseTaggedVerdict(answer) : parseJsonVerdict(answer)
      if (!verdict) throw new UnreadableVerdictError(describeUnreadable(answer), tokens)
      return { ...verdict, tokens }
    },
    async polish(request, signal) {
      const content = toPolishContent(request, config)
      const { tokens, ...answer } = await ask(content, { seed: request.seed, schema: polishSchema }, signal)
      const prompt = parsePolished(answer)
      if (prompt === null) throw new UnreadableVerdictError(describeUnreadable(answer), tokens)
      return { prompt, tokens }
    },
    async judge(request, signal) {
      const temperature = request.temperature ?? config.temperature
      const sampling = { ...config, temperature, maxTokens: Math.max(config.maxTokens, request.maxTokens ?? 0) }
      const settings = { seed: request.seed, schema: null, sampling }
      const { text, isCut, tokens } = await ask(toJudgeContent(request), settings, signal)
      return { text, isCut, tokens }
    },
  }
}

type Answer = ThinkerText & { tokens: number; isRefused: boolean }

const contentSchema = z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).nullish()
const count = z.number().int().nonnegative().nullish()
const completionSchema = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: contentSchema,
          refusal: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ total_tokens: count, prompt_tokens: count, completion_tokens: count }).nullish(),
})

function toAnswer({ choices, usage }: z.infer<typeof completionSchema>): Answer {
  const choice = choices[0]
  const content = choice?.message.content ?? ''
  return {
    text: typeof content === 'string' ? content : content.map(part => part.text ?? '').join(''),
    reasoning: choice?.message.reasoning_content ?? choice?.message.reasoning ?? '',
    isCut: choice?.finish_reason === 'length',
    isRefused: Boolean(choice?.message.refusal) || choice?.finish_reason === 'content_filter',
    tokens: usage?.total_tokens ?? (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0),
  }
}

function describeUnreadable({ text, isCut, isRefused }: Omit<Answer, 'tokens'>): string {
  if (isRefused) return 'The thinker refused to answer.'
  if (text.trim() === '') return 'The thinker gave an empty answer.'
  if (isCut) return 'The thinker reached its length limit before it came to an answer.'
  return "The thinker's answer does not have the form that was asked for."
}
