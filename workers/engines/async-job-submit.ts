import { refused } from './async-job-errors.ts'
import type { Submission } from './engine.ts'
import { EngineError } from './engine.ts'
import { type HttpClient, unreachableCode } from './http.ts'
import { parseAnswer } from './parse-answer.ts'
import type { HostedJob, Provider } from './providers/provider.ts'

const SUBMIT_MS = 60_000

/**
 * Sends one submit and reads the id that it gets. Not ended by a cancellation or a drain: an answer that is not waited for
 * is an edit that was paid for and lost. Where it is certain that the provider did not take it, that is stored.
 */
export async function sendSubmit(
  http: HttpClient,
  request: { url: string; headers: Record<string, string>; body: string },
  provider: Provider,
  submission: Submission,
): Promise<HostedJob> {
  let status: number | null = null
  const readFailure = (failedWith: number, body: Buffer) => {
    status = failedWith
    return failedWith < 500 && provider.refusal.test(body.toString('utf8')) ? refused() : null
  }
  const headers = { 'content-type': 'application/json', ...request.headers }
  const limit = AbortSignal.timeout(SUBMIT_MS)
  try {
    const answer = await http.send({ method: 'POST', ...request, headers, readFailure }, limit)
    return parseAnswer(answer.body, provider.accepted)
  } catch (error) {
    if (status === null ? wasNeverSent(error) : isRefusal(status)) await submission.forget()
    if (!limit.aborted) throw error
    const message = 'The provider did not answer in time whether it takes the edit.'
    throw new EngineError('failed', 'ENGINE_TIMED_OUT', message, { cause: error })
  }
}

// A gateway that gave up waiting does not know what became of the request behind it.
function isRefusal(status: number): boolean {
  return status !== 408 && status !== 499 && (status <= 501 || status === 503)
}

function wasNeverSent(error: unknown): boolean {
  return error instanceof EngineError && error.code === unreachableCode
}
