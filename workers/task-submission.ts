import { forgetSubmission, recordIntent, recordRemote } from '../src/queue/record-submission.ts'
import { awaitDatabase } from './await-database.ts'
import type { Submission } from './engines/engine.ts'
import type { StageContext } from './stage-context.ts'

/** A task was sent to a provider, and whether it was taken is not known. `message` is a sentence fit for users. */
export class SubmissionUncertainError extends Error {
  readonly code = 'SUBMISSION_UNCERTAIN'
  constructor(options: { cause?: unknown } = {}) {
    super(
      'This edit was sent to a paid provider, but no answer came back, so nobody knows whether it was made and charged. ' +
        'Retry the job to send it again, or set resubmitUncertain to let that happen by itself.',
      options,
    )
    this.name = new.target.name
  }
}

/** The submission of one attempt, stored on its task. `isUncertain`: something was sent, and no id is known of it. */
export function makeTaskSubmission(
  { db, task }: Pick<StageContext, 'db' | 'task'>,
  signal: AbortSignal,
): Submission & { isUncertain(): boolean } {
  let isSubmitted = task.isSubmitted
  let isAccepted = task.remote !== null
  return {
    remote: task.remote,
    async intend() {
      await awaitDatabase(
        () => recordIntent(db, task),
        () => signal.aborted,
      )
      isSubmitted = true
      isAccepted = false
    },
    // An id that was paid for is worth the wait for a database that is away.
    async accept(remote) {
      await awaitDatabase(() => recordRemote(db, task, remote))
      isSubmitted = true
      isAccepted = true
    },
    async forget() {
      await awaitDatabase(() => forgetSubmission(db, task))
      isSubmitted = false
      isAccepted = false
    },
    whyAborted: () => {
      if (!signal.aborted) return 'timedOut'
      const reason: unknown = signal.reason
      return reason instanceof Error && reason.cause === 'canceled' ? 'canceled' : 'handedOver'
    },
    isUncertain: () => isSubmitted && !isAccepted,
  }
}
