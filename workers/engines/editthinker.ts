// The paper's own model servers: JSON both ways, pictures as bare base64. An unknown field is dropped in silence there,
// so a service is sent the fields of its table and no others.

import { z } from 'zod'
import { aspectRatios, type EditthinkerServiceId, editthinkerServices } from './editthinker-services.ts'
import type { Editor, EditRequest } from './engine.ts'
import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { nearestRatio } from './nearest-ratio.ts'
import { joinUrl, toBearer } from './openai-request.ts'
import { parseAnswer, unreadable } from './parse-answer.ts'
import { toRgbPng } from './picture-rgb.ts'
import { readBase64Picture } from './read-picture.ts'

/** One server of the kind. `baseUrl` has no /v1. The services ask for no key; a gateway before them may. */
export type EditthinkerConfig = { baseUrl: string; service: EditthinkerServiceId; key: string | null }

/** An editor, filler or generator, as its service is. */
export function editthinkerEditor(http: HttpClient, config: EditthinkerConfig): Editor {
  const service = editthinkerServices[config.service]
  const url = joinUrl(config.baseUrl, service.path)
  const headers = { 'content-type': 'application/json', ...toBearer(config.key) }
  return {
    async edit(request, signal) {
      const body = JSON.stringify(await toFields(request, config.service))
      signal.throwIfAborted()
      const answer = await http.send({ method: 'POST', url, headers, body, readFailure }, signal)
      const { success, ...fields } = parseAnswer(answer.body, answerSchema)
      if (success === false) throw failed()
      const picture = fields[service.answerField]
      if (!picture) throw unreadable()
      return { picture: readBase64Picture(picture) }
    },
  }
}

/**
 * Resolves when the server can work: it answers, its GPU manager is there and has started processes. Rejects with
 * EngineError. /health alone says "healthy" without a manager, and /status counts processes that have died since, so
 * workers that could not load their model show only in their calls.
 */
export async function probeEditthinker(
  http: HttpClient,
  config: EditthinkerConfig,
  signal: AbortSignal,
): Promise<void> {
  const read = async (path: string) => {
    const url = joinUrl(config.baseUrl, path)
    return (await http.send({ method: 'GET', url, headers: toBearer(config.key) }, signal)).body
  }
  const health = parseAnswer(await read('health'), healthSchema)
  const isReady = health.gpu_manager_ready ?? health.flux_gpu_manager_ready
  if (isReady !== true) throw notReady()
  const status = parseAnswer(await read('status'), statusSchema)
  if (!status.system_ready || status.active_workers < 1) throw notReady()
}

const healthSchema = z.object({
  gpu_manager_ready: z.boolean().optional(),
  flux_gpu_manager_ready: z.boolean().optional(),
})
const statusSchema = z.object({ system_ready: z.boolean(), active_workers: z.number() })

const pictureText = z.string().nullish()
const answerSchema = z.object({
  success: z.boolean().nullish(),
  edited_image: pictureText,
  filled_image: pictureText,
  image: pictureText,
})

async function toFields(request: EditRequest, id: EditthinkerServiceId): Promise<Record<string, unknown>> {
  const service = editthinkerServices[id]
  const { parameters } = request
  const known = service.parameters.filter(({ name }) => parameters[name] !== undefined)
  const meant = Object.entries(service.synonyms).filter(([synonym]) => parameters[synonym] !== undefined)
  return {
    ...(await toPictures(request, service.kind)),
    prompt: request.prompt,
    ...Object.fromEntries(known.map(({ name }) => [name, parameters[name]])),
    // No service has a default under a synonym, so that somebody chose it.
    ...Object.fromEntries(meant.map(([synonym, name]) => [name, parameters[synonym]])),
    ...(service.kind === 'GENERATOR' && toShape(request)),
    seed: request.seed,
    ...(service.hasEnhancer && { enhance_prompt: false }),
  }
}

async function toPictures({ source, mask }: EditRequest, kind: 'EDITOR' | 'FILLER' | 'GENERATOR') {
  if (kind === 'GENERATOR') return {}
  if (!source) throw new EngineError('rejected', 'SOURCE_MISSING', 'This editor changes a picture and makes none.')
  const image = (await toRgbPng(source)).toString('base64')
  if (kind === 'EDITOR') return { image }
  if (!mask) throw new EngineError('rejected', 'MASK_MISSING', 'This editor fills a mask, and there is none.')
  return { image, mask_image: mask.bytes.toString('base64') }
}

function toShape({ size, parameters }: EditRequest): { aspect_ratio?: string } {
  if (size) return { aspect_ratio: nearestRatio(size, aspectRatios) }
  const { aspect_ratio: named } = parameters
  if (named === undefined || aspectRatios.some(ratio => ratio === named)) return {}
  const message = `The parameter "aspect_ratio" must be one of ${aspectRatios.join(', ')}.`
  throw new EngineError('rejected', 'INVALID_PARAMETER', message)
}

// Whatever goes wrong in a task is a 500 there, with words of its own: a queue that stayed full for 10 s, the server's
// time limit (300 or 600 s, after which its late result is thrown away), or any exception.
function readFailure(status: number, body: Buffer): EngineError | null {
  if (status !== 500) return null
  const detail = readDetail(body)
  if (detail.includes('任务队列已满'))
    return new EngineError('busy', 'ENGINE_BUSY', "The model server's queue is full.")
  if (!detail.includes('任务超时')) return null
  return new EngineError('failed', 'ENGINE_TIMED_OUT', "The task ran into the model server's own time limit.")
}

function readDetail(body: Buffer): string {
  try {
    return detailSchema.parse(JSON.parse(body.toString('utf8'))).detail
  } catch {
    return '' // a gateway's page: the status alone counts
  }
}

const detailSchema = z.object({ detail: z.string() })

function failed(): EngineError {
  return new EngineError('failed', 'ENGINE_FAILED', 'The model server says that the task failed.')
}

function notReady(): EngineError {
  return new EngineError('failed', 'ENGINE_NOT_READY', 'The model server runs, but it has no GPU to work with yet.')
}
