import { recordUnreadable, recordVerdict } from '../src/jobs/record-verdict.ts'
import { callEngine, secondsSince } from './call-engine.ts'
import { UnreadableVerdictError } from './engines/engine.ts'
import type { StageContext, StageResult } from './stage-context.ts'
import { missingEngine, missingPicture } from './stage-failure.ts'

/**
 * One critique: source and edited picture go to the thinker. In round 0 the source is judged as it is; a GENERATE job's
 * picture has none beside it.
 */
export async function thinkStage(context: StageContext, signal: AbortSignal): Promise<StageResult> {
  const { db, task, input, endpoint, prepare } = context
  const { model } = endpoint
  const { thinker } = endpoint.engine
  if (!thinker) throw missingEngine('thinker')
  const sourceRef = input.source
  const editedRef = task.roundIndex === 0 ? sourceRef : input.edited
  if (!editedRef || (!sourceRef && input.kind !== 'GENERATE')) throw missingPicture()
  const [source, edited] = await Promise.all([
    sourceRef && prepare(sourceRef, model, signal),
    prepare(editedRef, model, signal),
  ])
  const { instruction, prompt, seed } = input
  const by = { by: input.model, endpointId: endpoint.id }
  const startedAt = performance.now()
  try {
    const { answer, seconds } = await callEngine(
      aborted => thinker.critique({ instruction, prompt, source, edited, seed }, aborted),
      { signal, deadlineMs: context.deadlineMs },
    )
    const { tokens, ...verdict } = answer
    return { seconds, record: () => recordVerdict(db, task, { verdict, tokens, ...by }, input.seen) }
  } catch (error) {
    if (!(error instanceof UnreadableVerdictError)) throw error
    const { message, tokens } = error
    return {
      seconds: secondsSince(startedAt),
      record: () => recordUnreadable(db, task, { message, tokens, ...by }),
    }
  }
}
