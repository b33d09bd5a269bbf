import { DomainError } from '../src/errors.ts'
import { ObjectNotFoundError, StorageError } from '../src/storage/storage.ts'
import { timedOutCode } from './call-engine.ts'
import type { CallOutcome } from './endpoint-pool.ts'
import { EngineError } from './engines/engine.ts'
import { unreachableCode } from './engines/http.ts'
import { SubmissionUncertainError } from './task-submission.ts'

/** A failed stage in the words of the queue: what happens next, and a sentence fit for users. */
export type FailureDescription = {
  kind: 'rejected' | 'busy' | 'failed' | 'uncertain'
  code: string
  message: string
  retryAfterMs: number | null
}

/** Why the endpoint's engine cannot do this stage: the fleet entry is of another kind than its queue. */
export function missingEngine(noun: string): EngineError {
  return new EngineError('failed', 'ENGINE_MISCONFIGURED', `This endpoint serves no ${noun}.`)
}

/** A picture that the stage needs is not there. */
export function missingPicture(): EngineError {
  return new EngineError('rejected', 'IMAGE_MISSING', 'A picture that this stage needs is not there any more.')
}

/**
 * What went wrong before or during the call, or while its answer was stored. An absent storage is an outage of ours:
 * like a busy server it is waited for and not counted. Anything unknown is a bug: it counts, and its words stay in the log.
 */
export function describeFailure(error: unknown): FailureDescription {
  if (error instanceof EngineError) {
    const { kind, code, message, retryAfterMs } = error
    return { kind, code, message, retryAfterMs }
  }
  if (error instanceof SubmissionUncertainError) {
    const { code, message } = error
    return { kind: 'uncertain', code, message, retryAfterMs: null }
  }
  if (error instanceof ObjectNotFoundError) return describeFailure(missingPicture())
  if (error instanceof StorageError) {
    return {
      kind: 'busy',
      code: 'STORAGE_UNAVAILABLE',
      message: 'The image storage could not be reached.',
      retryAfterMs: 2_000,
    }
  }
  // The images room refused the bytes that the editor gave.
  if (error instanceof DomainError) {
    const message = "The editor's answer is no picture that can be stored."
    return { kind: 'failed', code: 'ENGINE_ANSWER_UNREADABLE', message, retryAfterMs: null }
  }
  const message = 'The worker failed unexpectedly; see its log.'
  return { kind: 'failed', code: 'INTERNAL_ERROR', message, retryAfterMs: null }
}

/** What a failed call says about the endpoint it was made to. A rejected request speaks for the server, not against it. */
export function toCallOutcome(error: unknown): CallOutcome {
  if (error instanceof SubmissionUncertainError) return toCallOutcome(error.cause)
  if (!(error instanceof EngineError)) return { type: 'neutral' }
  if (error.kind === 'busy') return { type: 'busy', retryAfterMs: error.retryAfterMs }
  if (error.kind !== 'failed') return { type: 'neutral' }
  if (error.code === timedOutCode) return { type: 'timedOut' }
  return { type: error.code === unreachableCode ? 'refused' : 'failed' }
}
