import sharp from 'sharp'
import { z } from 'zod'
import { sizeWithin } from '../src/images/fit-picture.ts'
import { EngineError, type Picture, type Size, UnreadableVerdictError } from './engines/engine.ts'
import { brokenOffCode, unreachableCode } from './engines/http.ts'
import { type Engine, type EngineDeps, makeEngine } from './engines/make-engine.ts'
import { joinUrl, toBearer } from './engines/openai-request.ts'
import type { FleetModel } from './fleet/fleet.ts'

/** What an operator is told of one endpoint. `problem` null: all that was asked is in order. */
export type EndpointCheck = {
  model: string
  engine: string
  /** Null: a builtin model, which has no server. */
  url: string | null
  isReachable: boolean
  /** The models the server says it serves; null where its engine has no such list. */
  serves: readonly string[] | null
  /** From the question whether it is there to the answer; null without either. */
  latencyMs: number | null
  /** How long a tiny edit or critique took; null: none was asked for, or it failed. */
  callSeconds: number | null
  problem: string | null
}

const PROBE_MS = 10_000
const SIDE_PX = 64

/**
 * Asks one endpoint whether it is there and what it serves, and with `isDeep` for one edit or critique of 64 x 64 px, as
 * a job would. A hosted editor takes money for that. Never rejects, but when `signal` aborts.
 */
export async function checkEndpoint(
  deps: EngineDeps,
  { model, url, isDeep }: { model: FleetModel; url: string | null; isDeep: boolean },
  signal: AbortSignal,
): Promise<EndpointCheck> {
  const engine = makeEngine(deps, model, url ?? '')
  const startedAt = performance.now()
  const found: EndpointCheck = {
    ...{ model: model.model, engine: model.settings.engine, url, isReachable: url === null },
    ...{ serves: null, latencyMs: null, callSeconds: null, problem: null },
  }
  try {
    if (url !== null) {
      found.serves = await probe(deps, engine, { model, url }, within(PROBE_MS, signal))
      found.latencyMs = Math.round(performance.now() - startedAt)
      found.isReachable = true
      found.problem = findWrongModel(model, found.serves)
    }
    if (!isDeep || found.problem !== null) return found
    const calledAt = performance.now()
    await call(engine, model, within(model.deadlineMs, signal))
    found.callSeconds = (performance.now() - calledAt) / 1_000
  } catch (error) {
    signal.throwIfAborted()
    found.problem = describe(error)
    // A wrong key, or a server that is busy or broken: whatever it said, it is there.
    if (found.isReachable || !hasAnswered(error)) return found
    found.latencyMs = Math.round(performance.now() - startedAt)
    found.isReachable = true
  }
  return found
}

function hasAnswered(error: unknown): boolean {
  return error instanceof EngineError && error.code !== unreachableCode && error.code !== brokenOffCode
}

function within(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)])
}

const noList = 'NO_LIST'
const noListMessage =
  'It answers, but not with the list of models that such a server has: is the URL right, and does it end in /v1?'
const listSchema = z.object({ data: z.array(z.object({ id: z.string() })) })

async function probe(
  { http }: EngineDeps,
  engine: Engine,
  { model: { settings }, url }: { model: FleetModel; url: string },
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  if (settings.engine !== 'openai-images' && settings.engine !== 'openai-chat') {
    await engine.probe?.(signal)
    return null
  }
  try {
    const { body } = await http.send(
      {
        method: 'GET',
        url: joinUrl(url, 'models'),
        headers: toBearer(settings.key),
        readFailure: status =>
          status === 404 || status === 405 ? new EngineError('failed', noList, noListMessage) : null,
      },
      signal,
    )
    const list = listSchema.safeParse(parseJson(body.toString('utf8')))
    if (!list.success) throw new EngineError('failed', noList, noListMessage)
    return list.data.data.map(({ id }) => id)
  } catch (error) {
    // A gateway need not have such a list; it is there all the same.
    if (error instanceof EngineError && error.code === noList && settings.profile === 'generic') return null
    throw error
  }
}

// SGLang Diffusion takes any name: its server has one model.
function findWrongModel({ settings }: FleetModel, serves: readonly string[] | null): string | null {
  if (serves === null || serves.length === 0 || !('servedModel' in settings)) return null
  if (settings.engine === 'openai-images' && settings.profile === 'sglang') return null
  // Google's list says models/NAME.
  if (serves.some(name => name === settings.servedModel || name === `models/${settings.servedModel}`)) return null
  const shown = serves.slice(0, 3).join(', ') + (serves.length > 3 ? ` and ${serves.length - 3} more` : '')
  return `It serves ${shown}, not ${settings.servedModel}: name what it serves in servedModel.`
}

async function call({ editor, thinker }: Engine, model: FleetModel, signal: AbortSignal): Promise<void> {
  const size = sizeWithin({ width: SIDE_PX, height: SIDE_PX }, model)
  const source = await paint('#7a93ad', size)
  if (thinker) {
    const request = { instruction: 'Make it brighter', prompt: 'Make it brighter', source, seed: 1 }
    await thinker.critique({ ...request, edited: await paint('#9cb5cf', size) }, signal)
    return
  }
  const parameters = Object.fromEntries(
    model.parameters.filter(({ default: usual }) => usual !== null).map(({ name, default: usual }) => [name, usual]),
  )
  const isEdit = model.kinds.includes('EDITOR')
  const isFill = !isEdit && model.kinds.includes('FILLER')
  const request = {
    prompt: 'Make it brighter',
    source: isEdit || isFill ? source : null,
    mask: isFill ? await paint('#ffffff', size) : null,
    references: [],
    size: null,
    seed: 1,
    parameters,
  }
  const answer = await editor?.edit(request, signal)
  await sharp(answer?.picture.bytes)
    .metadata()
    .catch(cause => {
      throw new EngineError('failed', 'ENGINE_ANSWER_UNREADABLE', 'It answered with what is no picture.', { cause })
    })
}

async function paint(background: string, size: Size): Promise<Picture> {
  const canvas = sharp({ create: { ...size, channels: 3, background } })
  return { bytes: await canvas.png().toBuffer(), contentType: 'image/png' }
}

function describe(error: unknown): string {
  if (error instanceof UnreadableVerdictError || error instanceof EngineError) return error.message
  if (error instanceof Error && error.name === 'TimeoutError') return 'It gave no answer in time.'
  throw error
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
