// Editors of hosted providers that take an edit, give an id and charge for it: submit, store the id, poll, download. The
// id outlives the worker: an attempt that finds one goes on with it and submits nothing.

import { setTimeout as delay } from 'node:timers/promises'
import { failed, JobOverError, lost, refused, toFinalError } from './async-job-errors.ts'
import { toHostedInput } from './async-job-input.ts'
import { findRemote, keyFor, type RemoteJob, readRemote } from './async-job-remote.ts'
import { sendSubmit } from './async-job-submit.ts'
import type { Editor, EditRequest, Picture, Submission } from './engine.ts'
import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'
import { parseAnswer, unreadable } from './parse-answer.ts'
import type { HostedDialect, Provider } from './providers/provider.ts'
import { type ProviderId, providers } from './providers/providers.ts'
import { readBase64Picture, readPicture } from './read-picture.ts'
import { untrackedSubmission } from './untracked-submission.ts'

/** One model at a provider's API. `baseUrl` is what its paths are appended to; `servedModel` is its name for the model. */
export type AsyncJobConfig = {
  baseUrl: string
  provider: ProviderId
  servedModel: string
  key: string | null
  dialect: HostedDialect
}

/** Milliseconds before the first look at a new edit, and between two looks at a long one. */
export type PollPace = { firstMs: number; lastMs: number }

const POLL_GROWTH = 1.5
const CANCEL_MS = 5_000
/** A provider's status may lag behind its own answer to the submit. */
const UNKNOWN_YET_MS = 15_000
/** The shortest life of a result's link; one that is refused after it has expired. */
const LINK_LIFE_MS = 600_000

/** An editor that is polled. Aborted because its job is canceled, it tells the provider to stop where that can be done. */
export function asyncJobEditor(
  http: HttpClient,
  config: AsyncJobConfig,
  { firstMs, lastMs }: PollPace = { firstMs: 500, lastMs: 5_000 },
): Editor {
  const provider: Provider = providers[config.provider]
  const apiKey = (url: string) => keyFor(config, url, { isApi: true })

  async function submit(request: EditRequest, submission: Submission, signal: AbortSignal): Promise<RemoteJob> {
    const input = toHostedInput(request, config.dialect, provider.pictureForm)
    const { url, body } = provider.toSubmit(config.baseUrl, config.servedModel, input)
    signal.throwIfAborted()
    await submission.intend()
    const sent = { url, headers: apiKey(url), body: JSON.stringify(body) }
    const accepted = await sendSubmit(http, sent, provider, submission)
    const job: RemoteJob = { engine: 'async-job', provider: config.provider, submittedAt: Date.now(), ...accepted }
    try {
      await submission.accept(JSON.stringify(job))
    } catch (error) {
      await cancel(job) // nobody will ever ask for it
      throw error
    }
    return job
  }

  /** Resolves with the picture's link. */
  async function follow(job: RemoteJob, firstPauseMs: number, signal: AbortSignal): Promise<string> {
    let pauseMs = firstPauseMs
    for (;;) {
      await delay(pauseMs, undefined, { signal })
      pauseMs = Math.min(Math.max(pauseMs, firstMs) * POLL_GROWTH, lastMs)
      try {
        const link = await look(job, signal)
        if (link !== null) return link
      } catch (error) {
        if (isUnknownYet(error, job)) continue
        if (!(error instanceof EngineError) || error.kind !== 'busy') throw error
        await delay(error.retryAfterMs ?? 0, undefined, { signal })
      }
    }
  }

  async function look({ statusUrl, resultUrl }: RemoteJob, signal: AbortSignal): Promise<string | null> {
    const readFailure = (status: number) => (status === 404 ? lost() : null)
    const answer = await http.send({ method: 'GET', url: statusUrl, headers: apiKey(statusUrl), readFailure }, signal)
    const { status, picture, error } = parseAnswer(answer.body, provider.progress)
    const verdict = provider.statuses[status] ?? 'waiting'
    switch (verdict) {
      case 'waiting':
        return null
      case 'done': {
        const link = resultUrl === null ? picture : await readResult(resultUrl, signal)
        if (!link) throw unreadable()
        return link
      }
      case 'refused':
        throw refused()
      case 'failed':
        throw provider.refusal.test(error ?? '') ? refused() : failed()
      case 'lost':
        throw lost()
      default:
        return verdict satisfies never
    }
  }

  async function readResult(url: string, signal: AbortSignal): Promise<string> {
    const { result } = provider
    if (result === null) throw unreadable()
    const readFailure = (status: number, body: Buffer) => toFinalError(status, body, provider)
    const answer = await http.send({ method: 'GET', url, headers: apiKey(url), readFailure }, signal)
    const { picture, isRefused } = parseAnswer(answer.body, result)
    if (isRefused) throw refused()
    return picture
  }

  async function download(job: RemoteJob, link: string, signal: AbortSignal): Promise<Picture> {
    if (/^data:[^,]*;base64,/.test(link)) return readBase64Picture(link)
    if (!/^https?:/.test(link) || !URL.canParse(link)) throw unreadable()
    const hasExpired = Date.now() - job.submittedAt > LINK_LIFE_MS
    const readFailure = (status: number) => (hasExpired && [403, 404, 410].includes(status) ? lost() : null)
    const headers = { accept: 'image/*', ...keyFor(config, link, { isApi: false }) }
    const answer = await http.send({ method: 'GET', url: link, headers, readFailure }, signal)
    return readPicture(answer.body)
  }

  async function cancel({ cancelUrl }: RemoteJob): Promise<void> {
    if (cancelUrl === null) return
    const request = { method: provider.cancelMethod, url: cancelUrl, headers: apiKey(cancelUrl) }
    // One that has just ended cannot be stopped, and a provider that is away does not hear: both cost, neither can be helped.
    await http.send(request, AbortSignal.timeout(CANCEL_MS)).catch(() => {})
  }

  return {
    async cancel(remote) {
      const job = findRemote(remote, config.provider)
      if (job !== null) await cancel(job)
    },
    async edit(request, signal, submission = untrackedSubmission) {
      const stored = readRemote(submission.remote, config.provider)
      const job = stored ?? (await submit(request, submission, signal))
      try {
        const link = await follow(job, stored ? 0 : firstMs, signal)
        return { picture: await download(job, link, signal) }
      } catch (error) {
        if (error instanceof JobOverError) await submission.forget()
        else if (signal.aborted && submission.whyAborted() === 'canceled') await cancel(job)
        signal.throwIfAborted()
        throw error
      }
    },
  }
}

function isUnknownYet(error: unknown, { submittedAt }: RemoteJob): boolean {
  return error instanceof JobOverError && error.code === lost().code && Date.now() - submittedAt < UNKNOWN_YET_MS
}
