import type { EditAnswer, Editor, EditRequest } from '../engine.ts'
import { EngineError } from '../engine.ts'
import type { Pixels } from './apply-look.ts'
import { drawCaption } from './caption-overlay.ts'
import type { Clause, GeometryClause } from './clause.ts'
import { white } from './colors.ts'
import { applyDetail, pixelate } from './detail.ts'
import { applyStep, splitGeometry, toStep } from './geometry.ts'
import { toLook } from './look.ts'
import { parseInstruction } from './parse-instruction.ts'
import { makePixelThread, type PixelThread } from './pixel-thread.ts'
import { decodePicture, encodePicture, toPixels, toSharp } from './raw-picture.ts'

/** Share a pixel thread between the editor and the critic, or let each start its own. */
export type BuiltinOptions = { thread?: PixelThread }

/** An engine that holds a thread; after `close` a further call starts it again. */
export type Closable = { close(): Promise<void> }

/**
 * The photographic editor `builtin-retouch`: does the clauses of the prompt with their amounts at a fixed gain, which is
 * near what was asked on an ordinary photograph and off on others, and nothing else. The same prompt, picture, seed and
 * parameters give the same bytes. The seed places the grain and, with the parameter `variation`, moves the gain.
 */
export function builtinEditor(options: BuiltinOptions = {}): Editor & Closable {
  const thread = options.thread ?? makePixelThread()
  return {
    edit: (request, signal) => edit(request, thread, signal),
    close: () => (options.thread ? Promise.resolve() : thread.close()),
  }
}

async function edit(request: EditRequest, thread: PixelThread, signal: AbortSignal): Promise<EditAnswer> {
  signal.throwIfAborted()
  const { source } = request
  if (!source)
    throw new EngineError('rejected', 'SOURCE_MISSING', 'The builtin editor changes a picture and makes none.')
  const { clauses } = parseInstruction(request.prompt)
  if (clauses.length === 0) return { picture: source }
  const varied = varyGain(clauses, request.seed, readVariation(request.parameters))
  const { before, after } = splitGeometry(varied)
  let pixels: Pixels = await decodePicture(source)
  const hadAlpha = pixels.channels === 4
  pixels = await applyGeometry(pixels, before, signal)
  signal.throwIfAborted()
  pixels = await applyDetail(pixels, varied, thread, signal)
  const look = toLook(varied, request.seed)
  if (look) pixels = await thread.look(pixels, look, signal)
  for (const clause of varied) if (clause.kind === 'pixelate') pixels = await pixelate(pixels, clause.size)
  signal.throwIfAborted()
  if (!hadAlpha && pixels.channels === 4) pixels = await toPixels(toSharp(pixels).flatten({ background: '#ffffff' }))
  for (const clause of varied) if (clause.kind === 'caption') pixels = await drawCaption(pixels, clause)
  pixels = await applyGeometry(pixels, after, signal)
  return { picture: await encodePicture(pixels, source.contentType) }
}

async function applyGeometry(pixels: Pixels, clauses: GeometryClause[], signal: AbortSignal): Promise<Pixels> {
  let result = pixels
  for (const clause of clauses) {
    signal.throwIfAborted()
    const step = toStep(clause, result, 1)
    if (step) result = await applyStep(result, step, clause.kind === 'border' ? clause.color : white)
  }
  return result
}

function readVariation(parameters: Record<string, unknown>): number {
  const { variation = 0 } = parameters
  if (typeof variation !== 'number' || !(variation >= 0 && variation <= 0.25))
    throw new EngineError('rejected', 'INVALID_PARAMETER', 'The parameter "variation" must be a number from 0 to 0.25.')
  return variation
}

/** One factor for all amounts, from the seed: candidates differ in strength and keep the balance between their clauses. */
function varyGain(clauses: Clause[], seed: number, variation: number): Clause[] {
  if (variation === 0) return clauses
  const mixed = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b)
  const unit = ((mixed ^ (mixed >>> 15)) >>> 0) / 4_294_967_296
  const factor = 1 + variation * (2 * unit - 1)
  return clauses.map(clause => (clause.kind === 'graded' ? { ...clause, amount: clause.amount * factor } : clause))
}
