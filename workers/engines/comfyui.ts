// Editors behind a ComfyUI server and a workflow of the operator's. The prompt's id is ours and stored before the submit,
// so an attempt that comes later finds the run, or submits it again under the same id. The history is polled: a socket
// would show progress that nobody here looks at, and what it says while nobody listens is lost.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type ComfyClient, type ComfyFile, type ComfyRun, comfyClient } from './comfyui-server.ts'
import { type ComfyBindings, type ComfyInput, type ComfyWorkflow, fillWorkflow, valueAt } from './comfyui-workflow.ts'
import type { Editor, EditRequest, Submission } from './engine.ts'
import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { untrackedSubmission } from './untracked-submission.ts'

/** One server of the kind, without /api. */
export type ComfyuiConfig = { baseUrl: string; key: string | null; workflow: ComfyWorkflow; bindings: ComfyBindings }

const POLL_GROWTH = 1.3
const LAST_POLL_MS = 2_000
/** A run that the history lacks is looked for in the queue each so many looks: the queue's answer holds whole graphs. */
const LOOKS_A_QUEUE = 4
const CANCEL_MS = 5_000

/** An editor that fills the workflow in. Aborted for good, it takes its prompt back and no other. */
export function comfyuiEditor(http: HttpClient, config: ComfyuiConfig, { pollMs = 250 } = {}): Editor {
  const client = comfyClient(http, config)
  return {
    async edit(request, signal, submission = untrackedSubmission) {
      let promptId = readRemote(submission.remote, config.baseUrl)
      const isKnown = promptId !== null && (await isThere(client, promptId, signal))
      if (promptId === null) {
        promptId = randomUUID()
        await submission.accept(toRemote(config.baseUrl, promptId))
      }
      try {
        const graph = isKnown ? null : await toGraph(client, config, request, promptId, signal)
        if (graph !== null) promptId = await submit(client, graph, promptId, { config, submission, signal })
        const run = await follow(client, promptId, pollMs, signal)
        const file = await findPicture(client, run, config.bindings.output, signal)
        return { picture: await client.view(file, signal) }
      } catch (error) {
        if (signal.aborted && submission.whyAborted() !== 'handedOver') {
          await client.cancel(promptId, AbortSignal.timeout(CANCEL_MS)).catch(() => {}) // it ends by itself, for nothing
          await submission.forget()
        }
        signal.throwIfAborted()
        if (error instanceof RunOverError) await submission.forget()
        throw error
      }
    },
  }
}

/** Nothing of the run is left: another attempt needs a new one. */
class RunOverError extends EngineError {}

async function submit(
  client: ComfyClient,
  graph: unknown,
  promptId: string,
  { config, submission, signal }: { config: ComfyuiConfig; submission: Submission; signal: AbortSignal },
): Promise<string> {
  const given = await client.submit(graph, promptId, signal)
  if (given !== promptId) await submission.accept(toRemote(config.baseUrl, given))
  return given
}

async function isThere(client: ComfyClient, promptId: string, signal: AbortSignal): Promise<boolean> {
  const look = async () => (await client.findRun(promptId, signal)) !== null
  // It may end between the two questions.
  return (await look()) || (await client.isQueued(promptId, signal)) || (await look())
}

async function follow(client: ComfyClient, promptId: string, pollMs: number, signal: AbortSignal): Promise<ComfyRun> {
  let pauseMs = pollMs
  for (let looks = 1; ; looks++) {
    try {
      const run = await client.findRun(promptId, signal)
      if (run?.error) throw new RunOverError('failed', 'ENGINE_FAILED', run.error)
      if (run) return run
      if (looks % LOOKS_A_QUEUE === 0 && !(await isThere(client, promptId, signal))) throw lost()
    } catch (error) {
      if (!(error instanceof EngineError) || error.kind !== 'busy') throw error
      await delay(error.retryAfterMs ?? LAST_POLL_MS, undefined, { signal })
    }
    await delay(pauseMs, undefined, { signal })
    pauseMs = Math.min(pauseMs * POLL_GROWTH, LAST_POLL_MS)
  }
}

// A run whose nodes were all cached makes no file; the run that filled the cache had the same graph and names one.
async function findPicture(
  client: ComfyClient,
  run: ComfyRun,
  output: string,
  signal: AbortSignal,
): Promise<ComfyFile> {
  const own = run.images.get(output)?.[0]
  if (own) return own
  const earlier = (await client.listRuns(signal)).filter(({ graph }) => isDeepStrictEqual(graph, run.graph))
  const file = earlier.flatMap(({ images }) => images.get(output) ?? []).at(-1)
  if (file) return file
  const message = `The workflow ended without a picture from node ${output}.`
  throw new RunOverError('failed', 'ENGINE_ANSWER_EMPTY', message)
}

async function toGraph(
  client: ComfyClient,
  { workflow, bindings }: ComfyuiConfig,
  request: EditRequest,
  promptId: string,
  signal: AbortSignal,
): Promise<unknown> {
  const { source, mask, references, size, parameters, prompt, seed } = request
  if (references.length > bindings.references.length) {
    const message = `This editor takes at most ${bindings.references.length} reference pictures, and the job has ${references.length}.`
    throw new EngineError('rejected', 'TOO_MANY_PICTURES', message)
  }
  if (mask && !bindings.fields.mask) throw new EngineError('rejected', 'MASK_UNSUPPORTED', 'This editor takes no mask.')
  const values: Record<string, unknown> = { ...parameters, prompt, seed, ...size }
  if (source) values.image = await client.upload(source, signal)
  if (mask) values.mask = await client.upload(mask, signal)
  const named = await Promise.all(references.map(reference => client.upload(reference, signal)))
  return fillWorkflow(workflow, [
    ...Object.entries(values).flatMap(([name, value]) => at(bindings.fields[name] ?? [], value)),
    ...named.flatMap((value, index) => at(bindings.references.slice(index, index + 1), value)),
    ...ownFile(workflow, bindings.output, promptId),
  ])
}

function at(inputs: readonly ComfyInput[], value: unknown): (ComfyInput & { value: unknown })[] {
  return inputs.map(input => ({ ...input, value }))
}

// A name of its own keeps the saving node out of the cache: it always writes a new file.
function ownFile(workflow: ComfyWorkflow, output: string, promptId: string): (ComfyInput & { value: unknown })[] {
  const place = { node: output, input: 'filename_prefix' }
  const prefix = valueAt(workflow, place)
  return typeof prefix === 'string' ? [{ ...place, value: `${prefix}-${promptId}` }] : []
}

function lost(): RunOverError {
  return new RunOverError('failed', 'SUBMISSION_LOST', 'The model server no longer knows this edit; it was restarted.')
}

const remoteSchema = z.object({ engine: z.literal('comfyui'), baseUrl: z.string(), promptId: z.uuid() })

function toRemote(baseUrl: string, promptId: string): string {
  return JSON.stringify({ engine: 'comfyui', baseUrl, promptId })
}

// What another server was given is made again here: it is work of our own GPUs, and that server may be gone.
function readRemote(remote: string | null, baseUrl: string): string | null {
  if (remote === null) return null
  try {
    const read = remoteSchema.parse(JSON.parse(remote))
    return read.baseUrl === baseUrl ? read.promptId : null
  } catch {
    return null // another engine's
  }
}
