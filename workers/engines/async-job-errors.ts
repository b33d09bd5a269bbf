import { EngineError, type EngineFailure } from './engine.ts'
import type { Provider } from './providers/provider.ts'

/** Nothing of the submitted edit is left to go on with: another attempt has to submit it anew. */
export class JobOverError extends EngineError {}

/** The provider's content rules refuse the request or its picture. */
export function refused(): JobOverError {
  return new JobOverError('rejected', 'CONTENT_REFUSED', "The provider's content rules refuse this edit.")
}

/** The provider tried and gave up. */
export function failed(kind: Exclude<EngineFailure, 'busy'> = 'failed'): JobOverError {
  return kind === 'rejected'
    ? new JobOverError(
        'rejected',
        'ENGINE_REJECTED',
        'The provider found the request faulty when it began to work on it.',
      )
    : new JobOverError('failed', 'ENGINE_FAILED', 'The provider says that the edit failed.')
}

/** The provider does not know the edit any more, or its picture is gone. */
export function lost(): JobOverError {
  return new JobOverError('failed', 'SUBMISSION_LOST', 'The provider no longer has this edit or its picture.')
}

/** What the HTTP status of a result says of a job that is done; null: it says nothing final, ask again. */
export function toFinalError(status: number, body: Buffer, { refusal }: Provider): JobOverError | null {
  if ([401, 403, 408, 425, 429].includes(status)) return null
  if (status === 404 || status === 410) return lost()
  const text = body.toString('utf8')
  if (refusal.test(text)) return refused()
  if (status < 500) return failed('rejected')
  // A fault of the edit's own is typed; a gateway that is down for a moment says anything.
  return /"error_type"\s*:|"detail"\s*:\s*\[/.test(text) ? failed() : null
}
