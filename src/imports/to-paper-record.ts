// From a sample of the paper's script to a record. The script counts turns, and judges a picture in the turn after the one
// that made it; a turn that only copies the picture before makes no round here. Its last picture is its result.

import { isSatisfied } from '../loop/satisfied.ts'
import { overallScore } from '../loop/score.ts'
import { defaultSettings, type LoopSettings } from '../loop/settings.ts'
import { RECORD_FORMAT, RECORD_VERSION } from '../trajectories/trajectory-record.ts'
import { type PaperEvaluation, type PaperMeta, type PaperTurn, unknownFacts } from './paper-meta.ts'

/** What the folder does not say in the sample's own file. `pictureOf` null: the source. */
export type PaperContext = {
  editor: string
  thinker: string
  benchmark: string | null
  pictureOf(turn: number | null): object
}

/** A sample that contradicts itself or lacks something; the message names the field. */
export class PaperSampleError extends Error {}

type Round = Record<string, unknown> & {
  index: number
  prompt: string
  picture: object
  isSatisfied: boolean | null
  critiques: object[]
}

/** The record of a sample. Throws PaperSampleError. */
export function toPaperRecord(meta: PaperMeta, context: PaperContext): Record<string, unknown> {
  const { editor, thinker, pictureOf } = context
  const rounds = toRounds(meta, context)
  const { firstRound, seed } = settingsOf(meta, editor)
  return {
    ...{ format: RECORD_FORMAT, version: RECORD_VERSION, kind: 'EDIT', status: 'SUCCEEDED' },
    ...{ stopReason: stopReasonOf(meta), instruction: meta.original_instruction, editor, thinker },
    settings: { ...defaultSettings, firstRound, maxRounds: meta.max_turns, select: 'LAST', seed },
    baseSeed: seed ?? 0,
    metadata: toMetadata(meta, context),
    source: pictureOf(null),
    best: placeOf(rounds.at(-1)),
    rounds,
  }
}

function toRounds(meta: PaperMeta, { editor, thinker, pictureOf }: PaperContext): Round[] {
  const rounds: Round[] = []
  const isSourceJudged = judgesSource(meta.turns[0])
  if (isSourceJudged) {
    const prompts = { prompt: '', promptSource: 'INSTRUCTION', seed: null }
    rounds.push({ ...toRound(0, editor, pictureOf(null)), ...prompts, parent: null })
  }
  for (const [i, turn] of meta.turns.entries()) {
    if (i > 0 || isSourceJudged) judge(rounds.at(-1), turn, { thinker, field: `turns.${i}.evaluation` })
    if (!turn.generated) continue
    const before = rounds.at(-1)
    const prompt = turn.rewritten_prompt?.trim() ? turn.rewritten_prompt : null
    if (prompt === null)
      throw new PaperSampleError(`turns.${i}.rewritten_prompt must say what the picture was made by.`)
    rounds.push({
      ...toRound((before?.index ?? 0) + 1, editor, pictureOf(turn.turn_number)),
      ...{ prompt, promptSource: before ? 'REFINED' : toPromptSource(turn, meta) },
      ...{ parent: placeOf(before), seed: turn.seed ?? seedOf(editor) ?? 0 },
    })
  }
  return rounds
}

function toRound(index: number, editor: string, picture: object) {
  return { index, candidate: 0, status: 'EDITED', editor, picture, isSatisfied: null, critiques: [] as object[] }
}

const THRESHOLDS = defaultSettings.stop
const UNREADABLE = /^Evaluation failed after \d+ attempts/

/** Writes what the turn's evaluation says of the picture before it. */
function judge(
  round: Round | undefined,
  turn: PaperTurn,
  { thinker, field }: { thinker: string; field: string },
): void {
  const { evaluation } = turn
  if (!evaluation) throw new PaperSampleError(`${field} is missing.`)
  if (round === undefined || round.critiques.length > 0)
    throw new PaperSampleError(`${field} judges no picture of its own.`)
  const critique = toCritique(evaluation)
  round.critiques.push({ source: 'THINKER', by: thinker, ...critique })
  round.status = 'CRITIQUED'
  round.isSatisfied = isSatisfied(THRESHOLDS, critique, round.prompt)
}

// The script goes on with the same prompt where nothing could be read; here such a critique says nothing.
function toCritique({ is_satisfied, reason, new_prompt, score }: PaperEvaluation) {
  const reasoning = reason ?? ''
  if (UNREADABLE.test(reasoning)) {
    const nothing = { semantic: null, quality: null, overall: null, isSatisfied: null, refinedPrompt: null }
    return { ...nothing, errorCode: 'UNREADABLE_VERDICT', reasoning }
  }
  const { semantic, quality } = score ?? { semantic: null, quality: null }
  const scores = { semantic, quality, overall: overallScore(semantic, quality) }
  return { ...scores, isSatisfied: is_satisfied, errorCode: null, reasoning, refinedPrompt: new_prompt ?? null }
}

function judgesSource(turn: PaperTurn | undefined): boolean {
  return turn?.method === 'evaluate_and_rewrite_prompt_first_turn'
}

function toPromptSource({ method, rewritten_prompt }: PaperTurn, meta: PaperMeta): 'POLISHED' | 'INSTRUCTION' {
  // A polish that failed leaves the instruction as it is.
  return method === 'polish_edit_prompt' && rewritten_prompt !== meta.original_instruction ? 'POLISHED' : 'INSTRUCTION'
}

function stopReasonOf({ is_satisfied, turns }: PaperMeta): 'SATISFIED' | 'NO_REFINEMENT' | 'MAX_ROUNDS' {
  if (is_satisfied) return 'SATISFIED'
  return turns.at(-1)?.generated ? 'MAX_ROUNDS' : 'NO_REFINEMENT'
}

function settingsOf({ turns }: PaperMeta, editor: string): Pick<LoopSettings, 'firstRound' | 'seed'> {
  const [first] = turns
  const isPolished = first?.method === 'polish_edit_prompt'
  const firstRound = judgesSource(first) ? 'EVALUATE' : isPolished ? 'POLISH' : 'DIRECT'
  return { firstRound, seed: turns.find(turn => turn.generated)?.seed ?? seedOf(editor) }
}

const seededWithZero = new Set(['flux-kontext-dev', 'omnigen2-edit', 'longcat-image-edit'])

/** What the script seeds this editor with; null: it leaves that to the server, or it does not know the editor. */
function seedOf(editor: string): number | null {
  return seededWithZero.has(editor) ? 0 : null
}

function toMetadata(meta: PaperMeta, { benchmark, editor }: PaperContext): Record<string, unknown> {
  const { key, task_type: task, instruction_language: language, turns } = meta
  const isSeedKnown = seedOf(editor) !== null || turns.every(turn => !turn.generated || turn.seed != null)
  const extra = unknownFacts(meta)
  return {
    ...(benchmark !== null && { benchmark }),
    ...{ key, ...(task && { task }), ...(language && { language }) },
    ...(!isSeedKnown && { seed: 'unknown' }),
    ...(extra !== null && { extra }),
  }
}

function placeOf(round: { index: number } | undefined): [number, number] | null {
  return round ? [round.index, 0] : null
}
