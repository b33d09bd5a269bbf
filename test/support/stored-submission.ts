import type { Submission } from '../../workers/engines/engine.ts'

/** A submission that keeps what it is told, as the task's row would; `writes` in their order. */
export function storedSubmission(
  remote: string | null = null,
  whyAborted: ReturnType<Submission['whyAborted']> = 'handedOver',
) {
  const writes: string[] = []
  const stored = { remote, isSubmitted: remote !== null }
  const submission: Submission = {
    remote,
    async intend() {
      writes.push('intend')
      Object.assign(stored, { remote: null, isSubmitted: true })
    },
    async accept(id) {
      writes.push('accept')
      stored.remote = id
    },
    async forget() {
      writes.push('forget')
      Object.assign(stored, { remote: null, isSubmitted: false })
    },
    whyAborted: () => whyAborted,
  }
  return { submission, stored, writes }
}
