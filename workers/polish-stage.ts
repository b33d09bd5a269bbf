import { recordPolish } from '../src/jobs/record-polish.ts'
import { callEngine, secondsSince } from './call-engine.ts'
import { UnreadableVerdictError } from './engines/engine.ts'
import type { StageContext, StageResult } from './stage-context.ts'
import { missingEngine, missingPicture } from './stage-failure.ts'

/** One polish: the thinker rewrites the instruction before the first edit. Nonsense is recorded as no prompt. */
export async function polishStage(context: StageContext, signal: AbortSignal): Promise<StageResult> {
  const { db, task, input, endpoint, prepare } = context
  const { model } = endpoint
  const { thinker } = endpoint.engine
  if (!thinker) throw missingEngine('thinker')
  if (!input.source && input.kind !== 'GENERATE') throw missingPicture()
  const source = input.source && (await prepare(input.source, model, signal))
  const { instruction, seed } = input
  const startedAt = performance.now()
  try {
    const { answer, seconds } = await callEngine(aborted => thinker.polish({ instruction, source, seed }, aborted), {
      signal,
      deadlineMs: context.deadlineMs,
    })
    return { seconds, record: () => recordPolish(db, task, { ...answer, endpointId: endpoint.id }) }
  } catch (error) {
    if (!(error instanceof UnreadableVerdictError)) throw error
    const result = { prompt: null, tokens: error.tokens, endpointId: endpoint.id }
    return { seconds: secondsSince(startedAt), record: () => recordPolish(db, task, result) }
  }
}
