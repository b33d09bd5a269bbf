// The routes of one ComfyUI process, and what its answers mean.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { encodeMultipart } from './encode-multipart.ts'
import type { Picture } from './engine.ts'
import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { joinUrl, toBearer } from './openai-request.ts'
import { parseAnswer } from './parse-answer.ts'
import { readPicture } from './read-picture.ts'

/** A file of the server, as its history and its uploads name it. */
export type ComfyFile = { filename: string; subfolder: string; type: string }

/** A prompt that has ended. `graph`: what was asked; `error`: a sentence where it failed. */
export type ComfyRun = { graph: unknown; images: ReadonlyMap<string, readonly ComfyFile[]>; error: string | null }

/** One server. `key`: for a gateway before it; it has none of its own. */
export type ComfyServer = { baseUrl: string; key: string | null }

export type ComfyClient = ReturnType<typeof comfyClient>

const CLIENT_ID = 'pentimento'
/** The folder of the server's input files that ours go into. */
const INPUT_FOLDER = 'pentimento'

/** The calls an editor needs. Each rejects with EngineError. */
export function comfyClient(http: HttpClient, { baseUrl, key }: ComfyServer) {
  const headers = toBearer(key)

  async function get(path: string, signal: AbortSignal, accept = 'application/json'): Promise<Buffer> {
    const request = { method: 'GET' as const, url: joinUrl(baseUrl, path), headers: { accept, ...headers } }
    return (await http.send(request, signal)).body
  }

  async function post(path: string, value: unknown, signal: AbortSignal): Promise<Buffer> {
    const json = { 'content-type': 'application/json', ...headers }
    const request = { method: 'POST' as const, url: joinUrl(baseUrl, path), headers: json, body: JSON.stringify(value) }
    return (await http.send({ ...request, readFailure }, signal)).body
  }

  return {
    /** Stores a picture among the server's inputs; what a LoadImage node calls it. The same bytes are stored once. */
    async upload(picture: Picture, signal: AbortSignal): Promise<string> {
      const hash = createHash('sha256').update(picture.bytes).digest('hex')
      const filename = `${hash.slice(0, 32)}.${picture.contentType.split('/')[1]}`
      const { contentType, body } = encodeMultipart([
        { name: 'image', filename, picture },
        { name: 'type', text: 'input' },
        { name: 'subfolder', text: INPUT_FOLDER },
      ])
      const form = { url: joinUrl(baseUrl, 'upload/image'), headers: { 'content-type': contentType, ...headers }, body }
      const answer = await http.send({ method: 'POST', ...form }, signal)
      const file = parseAnswer(answer.body, uploadSchema)
      return file.subfolder === '' ? file.name : `${file.subfolder}/${file.name}`
    },
    /** Queues the graph under our id; the id it is known by, another one on servers that make their own. */
    async submit(graph: unknown, promptId: string, signal: AbortSignal): Promise<string> {
      try {
        const answer = await post('prompt', { prompt: graph, prompt_id: promptId, client_id: CLIENT_ID }, signal)
        return parseAnswer(answer, submitSchema).prompt_id
      } catch (error) {
        if (error instanceof EngineError && error.code === TAKEN) return promptId // an earlier attempt got through
        throw error
      }
    },
    /** Null: not ended, or not known. */
    async findRun(promptId: string, signal: AbortSignal): Promise<ComfyRun | null> {
      return parseAnswer(await get(`history/${promptId}`, signal), historySchema)[promptId] ?? null
    },
    /** What the server still remembers of prompts that ended, the latest last. */
    async listRuns(signal: AbortSignal): Promise<ComfyRun[]> {
      return Object.values(parseAnswer(await get('history', signal), historySchema))
    },
    async isQueued(promptId: string, signal: AbortSignal): Promise<boolean> {
      const { queue_running, queue_pending } = parseAnswer(await get('queue', signal), queueSchema)
      return [...queue_running, ...queue_pending].some(([, id]) => id === promptId)
    },
    /** Takes the prompt out of the queue, or stops it if it runs; no other one. */
    async cancel(promptId: string, signal: AbortSignal): Promise<void> {
      await post('queue', { delete: [promptId] }, signal)
      // Servers that know no target would stop whatever runs, so only what does run is named.
      const { queue_running } = parseAnswer(await get('queue', signal), queueSchema)
      if (queue_running.some(([, id]) => id === promptId)) await post('interrupt', { prompt_id: promptId }, signal)
    },
    async view(file: ComfyFile, signal: AbortSignal): Promise<Picture> {
      return readPicture(await get(`view?${new URLSearchParams(file)}`, signal, 'image/*'))
    },
    async probe(signal: AbortSignal): Promise<void> {
      await get('system_stats', signal)
    },
  }
}

const uploadSchema = z.object({ name: z.string().min(1), subfolder: z.string().default('') })
const submitSchema = z.object({ prompt_id: z.string().min(1) })
const queueItems = z.array(z.tuple([z.unknown(), z.string()], z.unknown()))
const queueSchema = z.object({ queue_running: queueItems, queue_pending: queueItems })

const fileSchema = z.object({
  filename: z.string(),
  subfolder: z.string().default(''),
  type: z.string().default('output'),
})
const messageSchema = z.tuple(
  [z.string(), z.looseObject({ node_id: z.unknown(), node_type: z.unknown() })],
  z.unknown(),
)
const runSchema = z
  .object({
    prompt: z.tuple([z.unknown(), z.unknown(), z.unknown()], z.unknown()).optional(),
    outputs: z.record(z.string(), z.looseObject({ images: z.array(fileSchema).optional() })).default({}),
    status: z.object({ status_str: z.string().nullish(), messages: z.array(z.unknown()).default([]) }).nullish(),
  })
  .transform(({ prompt, outputs, status }): ComfyRun => {
    const images = new Map(Object.entries(outputs).map(([node, output]) => [node, output.images ?? []]))
    return { graph: prompt?.[2], images, error: status?.status_str === 'error' ? describe(status.messages) : null }
  })
const historySchema = z.record(z.string(), runSchema)

function describe(messages: readonly unknown[]): string {
  const read = messages.map(message => messageSchema.safeParse(message)).flatMap(({ data }) => (data ? [data] : []))
  const failed = read.find(([name]) => name === 'execution_error')
  if (failed) return `The workflow failed in node ${short(failed[1].node_id)} (${short(failed[1].node_type)}).`
  const wasStopped = read.some(([name]) => name === 'execution_interrupted')
  return wasStopped ? 'The workflow was stopped at the server.' : 'The workflow failed.'
}

const TAKEN = 'PROMPT_ID_TAKEN'
const refusalSchema = z.object({
  node_errors: z.record(
    z.string(),
    z.object({
      class_type: z.string().optional(),
      errors: z
        .array(z.object({ extra_info: z.looseObject({ input_name: z.string().optional() }).nullish() }))
        .default([]),
    }),
  ),
})

function readFailure(status: number, body: Buffer): EngineError | null {
  if (status === 409) return new EngineError('failed', TAKEN, 'The model server has this edit already.')
  if (status !== 400) return null
  const read = refusalSchema.safeParse(toJson(body))
  const [node, fault] = Object.entries(read.data?.node_errors ?? {})[0] ?? []
  if (node === undefined) return null
  const input = fault?.errors[0]?.extra_info?.input_name
  const place = `node ${short(node)} (${short(fault?.class_type)})${input === undefined ? '' : `, input ${short(input)}`}`
  return new EngineError('rejected', 'WORKFLOW_REFUSED', `The model server refuses the workflow at ${place}.`)
}

function short(value: unknown): string {
  return String(value ?? 'unknown').slice(0, 80)
}

function toJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return null // a gateway's page
  }
}
