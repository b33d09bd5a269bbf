// Editors, fillers and generators behind POST {base}/images/edits and {base}/images/generations: OpenAI, vLLM-Omni,
// SGLang Diffusion and gateways that copy it.

import { z } from 'zod'
import type { ImagesProfile } from '../fleet/fleet.ts'
import { encodeMultipart, type FormPart } from './encode-multipart.ts'
import type { Editor, EditRequest, Picture, Size } from './engine.ts'
import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { type ImagesDialect, imagesDialects } from './openai-images-dialect.ts'
import { joinUrl, toBearer } from './openai-request.ts'
import { parseAnswer, unreadable } from './parse-answer.ts'
import { toAlphaMask } from './picture-mask.ts'
import { readBase64Picture, readPicture } from './read-picture.ts'

/** One server of the kind. `baseUrl` ends in /v1; `servedModel` is the name sent as `model`. */
export type OpenaiImagesConfig = { baseUrl: string; profile: ImagesProfile; servedModel: string; key: string | null }

/**
 * An editor that sends the source first, then the references and the mask, in one multipart request; without any picture
 * it asks for one to be made.
 */
export function openaiImagesEditor(http: HttpClient, config: OpenaiImagesConfig): Editor {
  const dialect = imagesDialects[config.profile]
  const bearer = toBearer(config.key)

  async function send(request: EditRequest, signal: AbortSignal): Promise<Buffer> {
    const fields = toFields(request, config.servedModel, dialect)
    if (isEdit(request)) {
      const { contentType, body } = encodeMultipart(await toParts(request, fields, dialect))
      signal.throwIfAborted()
      const headers = { 'content-type': contentType, ...bearer }
      const url = joinUrl(config.baseUrl, 'images/edits')
      return (await http.send({ method: 'POST', url, headers, body }, signal)).body
    }
    const headers = { 'content-type': 'application/json', ...bearer }
    const url = joinUrl(config.baseUrl, 'images/generations')
    return (await http.send({ method: 'POST', url, headers, body: JSON.stringify(fields) }, signal)).body
  }

  return {
    async edit(request, signal) {
      if (request.mask && !request.source) {
        throw new EngineError('rejected', 'SOURCE_MISSING', 'A mask says nothing without the picture it lies on.')
      }
      if (request.mask && dialect.mask === null) {
        throw new EngineError('rejected', 'MASK_UNSUPPORTED', 'This editor takes no mask.')
      }
      const image = parseAnswer(await send(request, signal), answerSchema).data[0]
      if (image?.b64_json) return { picture: readBase64Picture(image.b64_json) }
      if (image?.url) return { picture: await download(http, image.url, config, signal) }
      throw unreadable()
    },
  }
}

const answerSchema = z.object({
  data: z.array(z.object({ b64_json: z.string().nullish(), url: z.string().nullish() })).min(1),
})

function isEdit({ source, references }: EditRequest): boolean {
  return source !== null || references.length > 0
}

// What the house decides stands last: no parameter may replace the prompt, the seed or the form of the answer.
function toFields(request: EditRequest, servedModel: string, dialect: ImagesDialect): Record<string, unknown> {
  const { prompt, size, seed, parameters } = request
  const isEditing = isEdit(request)
  const taken = isEditing ? parameters : toGenerationParameters(parameters, dialect)
  return {
    ...(isEditing ? dialect.editDefaults : withoutSize(dialect.editDefaults)),
    ...taken,
    ...(size && { size: toSize(size, dialect) }),
    ...dialect.fixed,
    ...(dialect.hasSeed && { seed }),
    model: servedModel,
    n: 1,
    prompt,
  }
}

// `auto` means the size of the first picture, and there is none.
function toGenerationParameters(parameters: Record<string, unknown>, { editsOnly }: ImagesDialect) {
  const known = Object.entries(parameters).filter(([name]) => !editsOnly.includes(name))
  const taken = Object.fromEntries(known)
  return taken.size === 'auto' ? withoutSize(taken) : taken
}

function withoutSize({ size: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest
}

function toSize({ width, height }: Size, { sizeStep }: ImagesDialect): string {
  const step = (side: number) => Math.max(sizeStep, Math.round(side / sizeStep) * sizeStep)
  return `${step(width)}x${step(height)}`
}

async function toParts(
  { source, mask, references }: EditRequest,
  fields: Record<string, unknown>,
  dialect: ImagesDialect,
): Promise<FormPart[]> {
  const texts = Object.entries(fields).map(([name, value]) => {
    return { name, text: typeof value === 'object' ? JSON.stringify(value) : String(value) }
  })
  const pictures = source === null ? references : [source, ...references]
  const name = pictures.length > 1 ? dialect.manyImages : 'image'
  const files = pictures.map((picture, index) => {
    return { name, filename: `image-${index + 1}.${extensions[picture.contentType] ?? 'png'}`, picture }
  })
  if (!mask || !dialect.mask) return [...texts, ...files]
  const { field, form } = dialect.mask
  const bytes = form === 'alpha' ? await toAlphaMask(mask) : mask.bytes
  const file = { name: field, filename: 'mask.png', picture: { bytes, contentType: 'image/png' } }
  // A fleet file may give a parameter that name.
  return [...texts.filter(text => text.name !== field), ...files, file]
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
  if (/^data:[^,]*;base64,/.test(link)) return readBase64Picture(link)
  const url = URL.canParse(link, config.baseUrl) ? new URL(link, config.baseUrl) : null
  if (!url || !/^https?:$/.test(url.protocol)) throw unreadable()
  const isOwn = url.origin === new URL(config.baseUrl).origin
  const headers = { accept: 'image/*', ...(isOwn && toBearer(config.key)) }
  const answer = await http.send({ method: 'GET', url: url.href, headers }, signal)
  return readPicture(answer.body)
}
