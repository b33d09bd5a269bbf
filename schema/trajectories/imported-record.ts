// A line of an export as a caller gives it, checked against everything that must hold of a stored trajectory, so that what
// passes here can be written. The form is that of src/trajectories/trajectory-record.ts.

import { z } from 'zod'
import type { ImportedRound, ImportedTrajectory } from '../../src/imports/imported-trajectory.ts'
import { overallScore } from '../../src/loop/score.ts'
import { RECORD_FORMAT, RECORD_VERSION } from '../../src/trajectories/trajectory-record.ts'
import { MAX_METADATA_BYTES, MAX_SEED, modelIdRule, optional, settingsRule } from '../jobs/edit-input.ts'
import { intFrom, jsonOf, listOf, momentRule, numberFrom, textOf } from '../parse-input.ts'

const MAX_INT = 2_147_483_647
const MAX_TEXT = 1_000_000
const MAX_ROUNDS = 21 * 8
const MAX_CRITIQUES = 1_000

const moment = z.iso
  .datetime({ offset: true, error: 'must be ISO 8601 with an offset, such as 2026-11-24T08:00:00Z' })
  .transform(text => new Date(text))
  .pipe(momentRule)
const text = textOf(0, MAX_TEXT)
const seconds = numberFrom(0, 1e12)
const count = intFrom(0, MAX_INT)
const label = textOf(1, 200)

const picture = z
  .strictObject({
    path: z.string().optional(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'),
    contentType: z.string().optional(),
    byteSize: z.number().optional(),
    widthPx: z.number().optional(),
    heightPx: z.number().optional(),
  })
  .transform(({ sha256 }) => sha256)

const place = z
  .tuple([intFrom(0, 20), intFrom(0, 7)], 'must be [index, candidate]')
  .transform(([index, candidate]) => ({ index, candidate }))

const failure = z.strictObject({
  code: label,
  message: optional(text).transform(message => message ?? ''),
  isRetryable: optional(z.boolean()).transform(isRetryable => isRetryable ?? false),
})

const score = optional(numberFrom(0, 10))

// Scores that were computed elsewhere may differ in the last digits.
const ROUNDING = 1e-9

const critique = z
  .strictObject({
    source: z.enum(['THINKER', 'JUDGE', 'HUMAN']),
    by: label,
    semantic: score,
    quality: score,
    overall: score,
    isSatisfied: optional(z.boolean()),
    errorCode: optional(label),
    reasoning: optional(text),
    refinedPrompt: optional(text),
    tokens: count.default(0),
    createdAt: optional(moment),
  })
  .superRefine((given, context) => {
    const { semantic, quality, overall, errorCode, isSatisfied } = given
    const wanted = overallScore(semantic, quality)
    const isRight = wanted === null ? overall === null : Math.abs((overall ?? -1) - wanted) <= ROUNDING
    if (!isRight) refuse(context, 'overall', `must be ${wanted}, the square root of semantic times quality`)
    if (errorCode !== null && [semantic, quality, isSatisfied].some(value => value !== null)) {
      refuse(context, 'errorCode', 'must be null where there are scores or a verdict')
    }
  })

const round = z
  .strictObject({
    index: intFrom(0, 20),
    candidate: intFrom(0, 7),
    parent: optional(place),
    status: z.enum(['EDITED', 'CRITIQUED', 'FAILED', 'CANCELED']),
    editor: modelIdRule,
    prompt: text,
    promptSource: z.enum(['INSTRUCTION', 'POLISHED', 'REFINED', 'USER']),
    seed: optional(intFrom(0, MAX_SEED)),
    base: optional(picture),
    picture: optional(picture),
    isSatisfied: optional(z.boolean()),
    editorSeconds: optional(seconds),
    error: optional(failure),
    createdAt: optional(moment),
    startedAt: optional(moment),
    editedAt: optional(moment),
    critiques: listOf(critique, MAX_CRITIQUES),
  })
  .superRefine((given, context) => {
    const { index, prompt, seed, status, critiques } = given
    if (index > 0 && prompt === '') refuse(context, 'prompt', 'must not be empty but in round 0')
    if (index > 0 && seed === null) refuse(context, 'seed', 'must be given but in round 0')
    if ((status === 'EDITED' || status === 'CRITIQUED') && given.picture === null) {
      refuse(context, 'picture', `must be given where the status is ${status}`)
    }
    if ((status === 'FAILED') !== (given.error !== null)) {
      refuse(context, 'error', 'must be given where the status is FAILED, and only there')
    }
    const thinkers = critiques.filter(({ source }) => source === 'THINKER').length
    if (thinkers > 1) refuse(context, 'critiques', 'must hold at most one critique of the source THINKER')
  })

const stopReasons = {
  SUCCEEDED: ['SATISFIED', 'NO_REFINEMENT', 'PATIENCE', 'BUDGET', 'DEADLINE', 'MAX_ROUNDS'],
  FAILED: ['FAILED', 'BUDGET', 'DEADLINE'],
  CANCELED: ['CANCELED'],
} as const
const pictureNames = { EDIT: ['source'], GENERATE: [], FILL: ['source', 'mask'] } as const

/** Reads a line of an export into a trajectory; names the first field that breaks a rule. */
export const recordRule: z.ZodType<ImportedTrajectory> = z
  .strictObject({
    format: z.literal(RECORD_FORMAT, `must be "${RECORD_FORMAT}"`),
    version: z.literal(RECORD_VERSION, `must be ${RECORD_VERSION}, the only version known here`),
    kind: z.enum(['EDIT', 'GENERATE', 'FILL']),
    status: z.enum(['SUCCEEDED', 'FAILED', 'CANCELED']),
    stopReason: z.string(),
    instruction: textOf(1, 8000),
    editor: modelIdRule,
    thinker: optional(modelIdRule),
    settings: settingsRule,
    baseSeed: intFrom(0, MAX_SEED),
    priority: intFrom(-100, 100).default(0),
    run: intFrom(1, MAX_INT).default(1),
    wantedWidthPx: optional(intFrom(64, 4096)),
    wantedHeightPx: optional(intFrom(64, 4096)),
    batch: optional(label),
    tags: listOf(textOf(1, 100), 50).default([]),
    metadata: jsonOf(MAX_METADATA_BYTES).transform(value => value ?? null),
    source: optional(picture),
    mask: optional(picture),
    references: listOf(picture, 8).default([]),
    best: optional(place),
    error: optional(failure),
    editorSeconds: seconds.default(0),
    thinkerTokens: count.default(0),
    runEditorSeconds: seconds.default(0),
    runThinkerTokens: count.default(0),
    createdAt: optional(moment),
    startedAt: optional(moment),
    finishedAt: optional(moment),
    rounds: listOf(round, MAX_ROUNDS),
  })
  .superRefine((given, context) => {
    const { kind, status, stopReason, wantedWidthPx: width, wantedHeightPx: height } = given
    const names: readonly string[] = pictureNames[kind]
    for (const name of ['source', 'mask'] as const) {
      const isWanted = names.includes(name)
      if (isWanted !== (given[name] !== null)) {
        refuse(context, name, `must ${isWanted ? '' : 'not '}be given where the kind is ${kind}`)
      }
    }
    const fitting: readonly string[] = stopReasons[status]
    if (!fitting.includes(stopReason)) {
      refuse(context, 'stopReason', `must be ${fitting.join(', ')} where the status is ${status}`)
    }
    if ((status === 'FAILED') !== (given.error !== null)) {
      refuse(context, 'error', 'must be given where the status is FAILED, and only there')
    }
    if ((width === null) !== (height === null)) refuse(context, 'wantedWidthPx', 'must come with wantedHeightPx')
    if (width !== null && kind !== 'GENERATE')
      refuse(context, 'wantedWidthPx', 'must be null unless the kind is GENERATE')
    checkPlaces(given, context)
  })
  .transform(({ format: _format, version: _version, ...trajectory }) => trajectory)

type Refinement = z.core.$RefinementCtx

/** Each round has a place of its own and comes after its parent; the best has a picture. */
function checkPlaces({ rounds, best }: Pick<ImportedTrajectory, 'rounds' | 'best'>, context: Refinement): void {
  const byPlace = new Map<string, ImportedRound>()
  for (const [i, round] of rounds.entries()) {
    const key = `${round.index}.${round.candidate}`
    if (byPlace.has(key)) {
      refuse(context, `rounds.${i}.candidate`, `must not be that of another round with the index ${round.index}`)
    }
    byPlace.set(key, round)
  }
  for (const [i, { parent, index }] of rounds.entries()) {
    if (parent === null) continue
    if (!byPlace.has(`${parent.index}.${parent.candidate}`)) {
      refuse(context, `rounds.${i}.parent`, 'must name a round of this trajectory')
    }
    if (parent.index >= index) refuse(context, `rounds.${i}.parent`, 'must name a round with a lower index')
  }
  if (best !== null && !byPlace.get(`${best.index}.${best.candidate}`)?.picture) {
    refuse(context, 'best', 'must name a round that has a picture')
  }
}

function refuse(context: Refinement, path: string, message: string): void {
  context.addIssue({ code: 'custom', path: path.split('.'), message })
}
