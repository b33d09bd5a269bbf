// Editors behind POST {base}/images/edits: OpenAI, vLLM-Omni, SGLang Diffusion and gateways that copy it. They differ in
// how several pictures are named, whether a seed is read, and whether `response_format` may be sent.

import { FormData } from 'undici'
import { z } from 'zod'
import type { Editor, EditRequest, Picture } from './engine.ts'
import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { joinUrl, toBearer } from './openai-request.ts'
import { parseAnswer, unreadable } from './parse-answer.ts'

/** One server of the kind. `baseUrl` ends in /v1; `servedModel` is the name sent as `model`. */
export type OpenaiImagesConfig = {
  baseUrl: string
  profile: 'openai' | 'vllm-omni' | 'sglang' | 'generic'
  servedModel: string
  key: string | null
}

type Dialect = { manyImages: 'image' | 'image[]'; hasSeed: boolean; fields: Record<string, string> }

// `enhance_prompt` would rewrite the prompt behind the thinker's back; OpenAI refuses `response_format` and has no seed.
const dialects: Record<OpenaiImagesConfig['profile'], Dialect> = {
  openai: { manyImages: 'image[]', hasSeed: false, fields: { output_format: 'png' } },
  'vllm-omni': {
    manyImages: 'image',
    hasSeed: true,
    fields: { response_format: 'b64_json', output_format: 'png', size: 'auto' },
  },
  sglang: {
    manyImages: 'image',
    hasSeed: true,
    fields: { response_format: 'b64_json', output_format: 'png', enhance_prompt: 'false' },
  },
  generic: { manyImages: 'image[]', hasSeed: true, fields: { response_format: 'b64_json' } },
}

/** An editor that sends the source first, then the references, in one multipart request. */
export function openaiImagesEditor(http: HttpClient, config: OpenaiImagesConfig): Editor {
  const url = joinUrl(config.baseUrl, 'images/edits')
  return {
    async edit(request, signal) {
      const body = toForm(request, config)
      const answer = await http.send({ method: 'POST', url, headers: toBearer(config.key), body }, signal)
      const image = parseAnswer(answer.body, answerSchema).data[0]
      if (image?.b64_json) return { picture: toPicture(Buffer.from(image.b64_json, 'base64')) }
      if (image?.url) return { picture: await download(http, image.url, config, signal) }
      throw unreadable()
    },
  }
}

const answerSchema = z.object({
  data: z.array(z.object({ b64_json: z.string().nullish(), url: z.string().nullish() })).min(1),
})

function toForm({ prompt, source, references, seed, parameters }: EditRequest, config: OpenaiImagesConfig): FormData {
  const dialect = dialects[config.profile]
  const fields: Record<string, unknown> = {
    model: config.servedModel,
    n: 1,
    ...dialect.fields,
    ...(dialect.hasSeed && { seed }),
    ...parameters,
    prompt,
  }
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    form.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  }
  const pictures = source === null ? references : [source, ...references]
  const name = pictures.length > 1 ? dialect.manyImages : 'image'
  pictures.forEach((picture, index) => {
    const file = new Blob([new Uint8Array(picture.bytes)], { type: picture.contentType })
    form.append(name, file, `image-${index + 1}.${extensions[picture.contentType] ?? 'png'}`)
  })
  return form
}

const extensions: Record<string, string> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/webp': 'webp' }

// A link lives ten minutes to an hour, so it is fetched at once; SGLang gives one relative to its own origin. The key
// goes to the server's own origin only.
async function download(
  http: HttpClient,
  link: string,
  config: OpenaiImagesConfig,
  signal: AbortSignal,
): Promise<Picture> {
  const data = /^data:[^,]*;base64,/.exec(link)?.[0]
  if (data) return toPicture(Buffer.from(link.slice(data.length), 'base64'))
  const url = URL.canParse(link, config.baseUrl) ? new URL(link, config.baseUrl) : null
  if (!url || !/^https?:$/.test(url.protocol)) throw unreadable()
  const isOwn = url.origin === new URL(config.baseUrl).origin
  const headers = { accept: 'image/*', ...(isOwn && toBearer(config.key)) }
  const answer = await http.send({ method: 'GET', url: url.href, headers }, signal)
  return toPicture(answer.body)
}

function toPicture(bytes: Buffer): Picture {
  if (bytes.length === 0) throw new EngineError('failed', 'ENGINE_ANSWER_EMPTY', 'The model server sent no picture.')
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8
  const isWebp = bytes.subarray(8, 12).toString('latin1') === 'WEBP'
  return { bytes, contentType: isJpeg ? 'image/jpeg' : isWebp ? 'image/webp' : 'image/png' }
}
