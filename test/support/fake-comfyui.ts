import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import sharp from 'sharp'
import { v4, validate } from 'uuid'
import { type FakeBehavior, misbehave, sendJson } from './fake-model-server.ts'
import { serveHttp } from './serve-http.ts'

type Graph = Record<string, { class_type: string; inputs: Record<string, unknown> }>
type Prompt = { id: string; graph: Graph; state: 'pending' | 'running' | 'done'; looks: number; error: string | null }

/** A ComfyUI process on a free port. A prompt is done at its second look, unless `hold` keeps it running. */
export type FakeComfyui = {
  readonly url: string
  /** Method and path of every request, in their order. */
  readonly requests: readonly string[]
  readonly prompts: readonly Prompt[]
  /** Bytes of the uploaded inputs, by what a LoadImage node calls them. */
  readonly inputs: ReadonlyMap<string, Buffer>
  /** For the next requests whose path begins so, one each. */
  behaveNext(path: string, ...behaviors: FakeBehavior[]): void
  hold: boolean
  /** Fails the next prompt in this node. */
  failIn: string | null
  /** Whether a run whose graph was run before makes no file. */
  cachesAll: boolean
  close(): Promise<void>
}

/** Starts one; it knows the classes of the tests' workflow and refuses a cfg above 100. */
export async function startFakeComfyui(): Promise<FakeComfyui> {
  const requests: string[] = []
  const prompts: Prompt[] = []
  const inputs = new Map<string, Buffer>()
  const next = new Map<string, FakeBehavior[]>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    requests.push(`${request.method} ${pathname}`)
    const body = await buffer(request)
    const [path, behaviors] = [...next].find(([start]) => pathname.startsWith(start)) ?? []
    const behavior = behaviors?.shift()
    if (path !== undefined && behavior && misbehave(response, behavior)) return
    const route = `${request.method} ${pathname.replace(/^(\/history)\/.*/, '$1/ID')}`
    switch (route) {
      case 'POST /upload/image':
        return sendJson(response, 200, await store(request, body))
      case 'POST /prompt':
        return submit(response, JSON.parse(body.toString('utf8')))
      case 'GET /history/ID':
        return sendJson(response, 200, toHistory([look(pathname.split('/').at(-1) ?? '')]))
      case 'GET /history':
        return sendJson(response, 200, toHistory(prompts))
      case 'GET /queue': {
        const toItems = (state: Prompt['state']) =>
          prompts.filter(each => each.state === state).map(({ id, graph }, index) => [index, id, graph, {}, ['9']])
        return sendJson(response, 200, { queue_running: toItems('running'), queue_pending: toItems('pending') })
      }
      case 'POST /queue':
        remove(JSON.parse(body.toString('utf8')).delete, 'pending')
        return void response.writeHead(200).end()
      case 'POST /interrupt':
        remove([JSON.parse(body.toString('utf8')).prompt_id], 'running')
        return void response.writeHead(200).end()
      case 'GET /view':
        return void response
          .writeHead(200, { 'content-type': 'image/png' })
          .end(await paint(searchParams.get('filename')))
      case 'GET /system_stats':
        return sendJson(response, 200, { system: { comfyui_version: '0.36.0' }, devices: [] })
      default:
        return sendJson(response, 404, {})
    }
  }

  async function store(request: IncomingMessage, body: Buffer): Promise<unknown> {
    const headers = { 'content-type': request.headers['content-type'] ?? '' }
    const form = await new Response(new Uint8Array(body), { headers }).formData()
    const file = form.get('image') as File // what the client sends
    const subfolder = String(form.get('subfolder') ?? '')
    // As if somebody else's file had that name already.
    const name = file.name.replace(/(\.\w+)$/, ' (1)$1')
    inputs.set(`${subfolder}/${name}`, Buffer.from(await file.arrayBuffer()))
    return { name, subfolder, type: form.get('type') }
  }

  function submit(response: ServerResponse, asked: { prompt: Graph; prompt_id?: string }): void {
    const id = asked.prompt_id ?? v4()
    const refuse = (status: number, type: string, node_errors = {}) =>
      sendJson(response, status, { error: { type, message: type, details: '', extra_info: {} }, node_errors })
    if (!validate(id) || id !== id.toLowerCase()) {
      refuse(400, 'invalid_prompt_id')
      return
    }
    if (prompts.some(each => each.id === id)) {
      refuse(409, 'duplicate_prompt_id')
      return
    }
    const [node, { class_type }] = Object.entries(asked.prompt).find(
      ([, { inputs: given }]) => Number(given.cfg) > 100,
    ) ?? ['', { class_type: '' }]
    if (node) {
      const errors = [
        { type: 'value_bigger_than_max', message: 'secret detail', details: '', extra_info: { input_name: 'cfg' } },
      ]
      refuse(400, 'prompt_outputs_failed_validation', { [node]: { errors, dependent_outputs: ['9'], class_type } })
      return
    }
    prompts.push({ id, graph: asked.prompt, state: 'pending', looks: 0, error: fake.failIn })
    fake.failIn = null
    sendJson(response, 200, { prompt_id: id, number: prompts.length, node_errors: {} })
  }

  function look(id: string): Prompt | undefined {
    const prompt = prompts.find(each => each.id === id)
    if (prompt && prompt.state !== 'done') {
      prompt.looks++
      prompt.state = prompt.looks >= 2 && !fake.hold ? 'done' : 'running'
    }
    return prompt
  }

  function remove(ids: string[], state: Prompt['state']): void {
    for (const prompt of prompts.filter(each => ids.includes(each.id) && each.state === state)) {
      prompt.state = 'done'
      prompt.error = 'interrupted'
    }
  }

  function toHistory(wanted: readonly (Prompt | undefined)[]): Record<string, unknown> {
    const done = wanted.flatMap(prompt => (prompt?.state === 'done' ? [prompt] : []))
    return Object.fromEntries(done.map(prompt => [prompt.id, toEntry(prompt)]))
  }

  function toEntry(prompt: Prompt): unknown {
    const { id, graph, error } = prompt
    const first = prompts.find(each => JSON.stringify(each.graph) === JSON.stringify(graph))
    const hasFile = !error && (!fake.cachesAll || first === prompt)
    const image = {
      filename: `${graph['9']?.inputs.filename_prefix ?? 'temp'}_${id}_.png`,
      subfolder: '',
      type: 'output',
    }
    const failed =
      error === 'interrupted'
        ? ['execution_interrupted', { prompt_id: id, node_id: '3', node_type: 'KSampler', executed: [] }]
        : [
            'execution_error',
            { prompt_id: id, node_id: error, node_type: 'KSampler', exception_message: 'secret detail' },
          ]
    const last = error ? failed : ['execution_success', { prompt_id: id, timestamp: 2 }]
    return {
      prompt: [1, id, graph, { client_id: 'pentimento' }, ['9']],
      outputs: hasFile ? { 9: { images: [image] } } : {},
      status: {
        status_str: error ? 'error' : 'success',
        completed: !error,
        messages: [['execution_start', { prompt_id: id, timestamp: 1 }], last],
      },
    }
  }

  const server = await serveHttp(handle)
  const fake: FakeComfyui = {
    url: server.origin,
    requests,
    prompts,
    inputs,
    behaveNext: (path, ...behaviors) => void next.set(path, behaviors),
    hold: false,
    failIn: null,
    cachesAll: false,
    close: () => server.close(),
  }
  return fake
}

async function paint(name: string | null): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = createHash('sha256').update(String(name)).digest()
  return sharp({ create: { width: 16, height: 16, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer()
}
