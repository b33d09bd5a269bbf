// Servers of the OpenAI Images API as three makers have it: OpenAI refuses what it does not know; the open ones drop it in
// silence. The facts stand here once more, apart from the engine's own.

import type { IncomingMessage } from 'node:http'
import sharp from 'sharp'
import { readEdit, type SeenEdit } from './fake-editor.ts'
import { type FakeBehavior, type FakeModelServer, FakeRefusal, startFakeModelServer } from './fake-model-server.ts'
import { paintPicture } from './paint-picture.ts'

/** Who makes the servers that we imitate. */
export const imagesMakers = ['openai', 'vllm-omni', 'sglang'] as const
export type ImagesMaker = (typeof imagesMakers)[number]

/** One request as it came; `fields` of a generation keep their JSON types. */
export type SeenImagesCall = Omit<SeenEdit, 'fields'> & {
  path: '/images/edits' | '/images/generations'
  fields: Record<string, unknown>
}

export type FakeImagesServer = FakeModelServer & { readonly requests: readonly SeenImagesCall[] }

const diffusion = ['negative_prompt', 'num_inference_steps', 'guidance_scale', 'true_cfg_scale', 'seed']
const common = ['model', 'prompt', 'n', 'size', 'output_format', 'output_compression', 'background']

/** The fields that each maker documents, files left out. */
export const imagesFields: Record<ImagesMaker, Record<SeenImagesCall['path'], readonly string[]>> = {
  openai: {
    '/images/edits': [...common, 'quality', 'input_fidelity', 'user', 'stream', 'partial_images'],
    '/images/generations': [...common, 'quality', 'moderation', 'user', 'stream', 'partial_images'],
  },
  'vllm-omni': {
    '/images/edits': [...common, ...diffusion, 'response_format', 'strength', 'generator_device', 'lora', 'layers'],
    '/images/generations': ['model', 'prompt', 'n', 'size', 'output_format', ...diffusion, 'response_format', 'lora'],
  },
  sglang: {
    '/images/edits': [...common, ...diffusion, 'response_format', 'quality', 'enhance_prompt', 'task_type'],
    '/images/generations': [...common, ...diffusion, 'response_format', 'quality', 'enhance_prompt', 'task_type'],
  },
}

const maskFields: Record<ImagesMaker, string> = { openai: 'mask', 'vllm-omni': 'mask_image', sglang: 'mask' }

/** `servedModel`: the only one it answers to, where its maker is strict; default any. `answer` replaces a good answer's body. */
export async function startFakeImagesServer(options: {
  profile: ImagesMaker
  servedModel?: string
  behavior?: FakeBehavior
  answer?: (picture: Buffer) => unknown
}): Promise<FakeImagesServer> {
  const requests: SeenImagesCall[] = []
  const { profile: maker, servedModel, behavior, answer } = options
  const take = async (call: SeenImagesCall) => {
    requests.push(call)
    const size = await check({ maker, servedModel }, call)
    const { fields, path } = call
    const prompt = fields.enhance_prompt === true || fields.enhance_prompt === 'true' ? 'rewritten' : fields.prompt
    const picture = await paintPicture(`${prompt} ${fields.seed}`, size)
    return answer ? answer(picture) : toAnswer(maker, { picture, fields, path })
  }
  const server = await startFakeModelServer({
    posts: {
      '/images/edits': async (request, body) =>
        take({ path: '/images/edits', ...(await readMultipart(request, body)) }),
      '/images/generations': async (request, body) => take(readGeneration(request, body)),
    },
    gets: {
      '/v1/models': () => ({ object: 'list', data: servedModel ? [{ id: servedModel, object: 'model' }] : [] }),
      ...(maker !== 'openai' && { '/health': () => ({ status: 'healthy' }) }),
    },
    ...(behavior && { behavior }),
  })
  return Object.defineProperty(server, 'requests', { value: requests }) as FakeImagesServer // the getters stay alive
}

async function readMultipart(request: IncomingMessage, body: Buffer): Promise<SeenEdit> {
  if (!request.headers['content-type']?.startsWith('multipart/form-data')) throw refuse(400, 'not a form')
  return readEdit(request, body)
}

function readGeneration(request: IncomingMessage, body: Buffer): SeenImagesCall {
  if (request.headers['content-type'] !== 'application/json') throw refuse(400, 'not JSON')
  const authorization = request.headers.authorization ?? null
  return { path: '/images/generations', authorization, files: [], fields: JSON.parse(body.toString('utf8')) }
}

// OpenAI wraps what it says, FastAPI does not.
function refuse(status: number, message: string, maker: ImagesMaker = 'vllm-omni'): FakeRefusal {
  const error = { message, type: 'invalid_request_error', param: null, code: 'unknown_parameter' }
  return new FakeRefusal(status, maker === 'openai' ? { error } : { detail: message })
}

/** Throws what the maker's server would say; gives the size of the picture, px. */
async function check(
  { maker, servedModel }: { maker: ImagesMaker; servedModel: string | undefined },
  call: SeenImagesCall,
): Promise<{ width: number; height: number }> {
  const { fields, files, path, authorization } = call
  const fail = (status: number, message: string) => {
    throw refuse(status, message, maker)
  }
  if (maker === 'openai') {
    if (!authorization?.startsWith('Bearer sk-')) fail(401, 'Incorrect API key provided')
    const unknown = Object.keys(fields).find(name => !imagesFields.openai[path].includes(name))
    if (unknown) fail(400, `Unknown parameter: '${unknown}'.`)
  }
  if (!fields.prompt) fail(422, "Field 'prompt' is required")
  if (maker === 'vllm-omni' && servedModel && fields.model !== servedModel) fail(400, 'Model mismatch')
  if (maker === 'vllm-omni' && fields.response_format !== 'b64_json') fail(400, "Only 'b64_json' is supported")
  if (
    path === '/images/generations' &&
    maker !== 'openai' &&
    fields.size !== undefined &&
    !/^\d+x\d+$/.test(String(fields.size))
  )
    fail(422, "size must be in format 'WIDTHxHEIGHT'")
  const pictures = files.filter(({ field }) => field === 'image' || field === 'image[]')
  if (path === '/images/edits' && !pictures[0]) fail(422, "Field 'image' or 'url' is required")
  if (maker === 'openai' && pictures.length > 1 && pictures.some(({ field }) => field !== 'image[]'))
    fail(400, 'Duplicate parameter: image')
  const first = pictures[0] && (await sharp(pictures[0].bytes).metadata())
  await checkMask(maker, call, first)
  const [, width, height] = /^(\d+)x(\d+)$/.exec(String(fields.size ?? '')) ?? []
  if (maker === 'openai' && width && (Number(width) % 16 !== 0 || Number(height) % 16 !== 0)) fail(400, 'Invalid size')
  return width ? { width: Number(width), height: Number(height) } : (first ?? { width: 64, height: 48 })
}

async function checkMask(
  maker: ImagesMaker,
  { files }: SeenImagesCall,
  first: { width: number; height: number } | undefined,
): Promise<void> {
  const stranger = files.find(({ field }) => !['image', 'image[]', maskFields[maker]].includes(field))
  if (stranger) throw refuse(400, `Unknown file ${stranger.field}`, maker)
  const mask = files.find(({ field }) => field === maskFields[maker])
  if (!mask) return
  const { format, width, height, hasAlpha } = await sharp(mask.bytes).metadata()
  if (format !== 'png' || width !== first?.width || height !== first?.height)
    throw refuse(400, 'The mask must be a PNG of the same size as the image', maker)
  if (maskFields[maker] === 'mask' && !hasAlpha) throw refuse(400, 'The mask must have an alpha channel', maker)
}

function toAnswer(
  maker: ImagesMaker,
  { picture, fields, path }: { picture: Buffer; fields: Record<string, unknown>; path: string },
): unknown {
  const b64_json = picture.toString('base64')
  switch (maker) {
    case 'openai':
      return { created: 1, data: [{ b64_json }], output_format: 'png', usage: { total_tokens: 100 } }
    case 'vllm-omni':
      return { created: 1, data: [{ b64_json, url: null, revised_prompt: null }], output_format: 'png', size: '64x48' }
    case 'sglang': {
      const isLink = (fields.response_format ?? (path === '/images/edits' ? 'b64_json' : 'url')) === 'url'
      if (isLink) throw refuse(400, "response_format='url' requires cloud storage to be configured.")
      const image = { b64_json, url: null, revised_prompt: fields.prompt, file_path: '/tmp/out.png' }
      return { id: 'a', created: 1, data: [image], inference_time_s: 0.1 }
    }
    default:
      return maker satisfies never
  }
}
