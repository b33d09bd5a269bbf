import type { Submission } from './engine.ts'

/** For a call without a task behind it: nothing is stored, and nobody comes back to what an aborted one leaves. */
export const untrackedSubmission: Submission = {
  remote: null,
  async intend() {},
  async accept() {},
  async forget() {},
  whyAborted: () => 'canceled',
}
