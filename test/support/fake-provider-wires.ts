// How each hosted provider answers: paths, status codes and bodies as its documentation has them.

import type { IncomingHttpHeaders } from 'node:http'
import { v4 } from 'uuid'
import type { FakeRoute } from './fake-provider.ts'

/** One submitted edit. `end`: what becomes of it; 'never': it stays in progress. `looks` counts its statuses so far. */
export type FakeHostedJob = {
  id: string
  input: Record<string, unknown>
  end: 'done' | 'refused' | 'failed' | 'lost' | 'never'
  looks: number
  isCanceled: boolean
}

type Call = {
  path: string
  body: unknown
  jobs: FakeHostedJob[]
  end: FakeHostedJob['end']
  api: string
  pictures: string
}
type Answer = { status: number; body: unknown }

/** One provider's wire format. */
export type FakeWire = {
  basePath: string
  routeOf: (method: string, path: string) => FakeRoute | null
  keyOf: (headers: IncomingHttpHeaders) => string | null
  /** The answer to a wrong key or none. */
  keyless: Answer
  answer: (route: FakeRoute, call: Call) => Answer
}

const LOOKS_UNTIL_DONE = 2

/** By provider. */
export const fakeWires = {
  bfl: {
    basePath: '/v1',
    routeOf: (method, path) => (method === 'POST' ? 'submit' : path.startsWith('/v1/get_result?id=') ? 'status' : null),
    keyOf: headers => (typeof headers['x-key'] === 'string' ? headers['x-key'] : null),
    keyless: { status: 403, body: { detail: 'Not authenticated - x-key header missing' } },
    answer(route, call) {
      if (route === 'submit') {
        const { id } = add(call, call.body)
        const polling_url = `${call.api}/v1/get_result?id=${id}`
        return { status: 200, body: { id, polling_url, cost: 4, input_mp: 1, output_mp: 1 } }
      }
      const id = call.path.split('=').at(-1) ?? ''
      const job = look(call, id)
      const state = (status: string, result: unknown = null) => ({
        status: 200,
        body: { id, status, result, progress: null, details: null, preview: null },
      })
      if (!job || (job.end === 'lost' && isOver(job))) return state('Task not found')
      if (!isOver(job)) return state('Pending')
      const sample = `${call.pictures}/${id}.png`
      if (job.end === 'done') return state('Ready', { sample, prompt: job.input.prompt, seed: job.input.seed })
      return state(job.end === 'refused' ? 'Content Moderated' : 'Error')
    },
  },
  replicate: {
    basePath: '/v1',
    routeOf: (method, path) => {
      if (method === 'POST' && path.endsWith('/predictions')) return 'submit'
      if (method === 'POST' && path.endsWith('/cancel')) return 'cancel'
      return method === 'GET' && path.startsWith('/v1/predictions/') ? 'status' : null
    },
    keyOf: headers => headers.authorization?.replace(/^Bearer /, '') ?? null,
    keyless: {
      status: 401,
      body: { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 },
    },
    answer(route, call) {
      const id = /^\/v1\/predictions\/([^/]+)/.exec(call.path)?.[1] ?? ''
      const job = route === 'submit' ? add(call, toObject(call.body).input) : look(call, id)
      if (!job) return { status: 404, body: { detail: 'The requested resource could not be found.', status: 404 } }
      if (route === 'cancel') job.isCanceled = true
      const own = `${call.api}/v1/predictions/${job.id}`
      const isDone = isOver(job) && !job.isCanceled
      const error = { refused: 'The input or output was flagged as sensitive. (E005)', failed: 'CUDA out of memory' }
      const status = job.isCanceled ? 'canceled' : !isDone ? 'processing' : job.end in error ? 'failed' : 'succeeded'
      return {
        status: route === 'submit' ? 201 : 200,
        body: {
          id: job.id,
          model: 'owner/name',
          version: 'hidden',
          input: job.input,
          logs: '',
          output: isDone && job.end === 'done' ? `${call.pictures}/${job.id}.png` : null,
          data_removed: isDone && job.end === 'lost',
          error: isDone && job.end in error ? error[job.end as keyof typeof error] : null, // just seen to be one of them
          status: route === 'submit' ? 'starting' : status,
          created_at: '2026-11-24T12:00:00.000Z',
          urls: { cancel: `${own}/cancel`, get: own, stream: `${own}/stream`, web: 'https://replicate.com/p' },
        },
      }
    },
  },
  fal: {
    basePath: '',
    routeOf: (method, path) => {
      if (method === 'POST') return 'submit'
      if (method === 'PUT' && path.endsWith('/cancel')) return 'cancel'
      if (!path.includes('/requests/')) return null
      return path.endsWith('/status') ? 'status' : 'result'
    },
    keyOf: headers => headers.authorization?.replace(/^Key /, '') ?? null,
    keyless: { status: 401, body: { detail: 'Authentication is required to access this application.' } },
    answer(route, call) {
      const id = /\/requests\/([^/]+)/.exec(call.path)?.[1] ?? ''
      if (route === 'submit') {
        const job = add(call, call.body)
        // The URLs keep owner and app and drop what follows.
        const own = `${call.api}/${call.path.split('/').slice(1, 3).join('/')}/requests/${job.id}`
        const urls = { response_url: own, status_url: `${own}/status`, cancel_url: `${own}/cancel` }
        return { status: 200, body: { status: 'IN_QUEUE', request_id: job.id, ...urls, queue_position: 0 } }
      }
      const job = route === 'status' ? look(call, id) : call.jobs.find(each => each.id === id)
      if (!job) return { status: 404, body: { detail: 'Request not found' } }
      if (route === 'cancel') {
        if (isOver(job)) return { status: 400, body: { status: 'ALREADY_COMPLETED' } }
        job.isCanceled = true
        return { status: 202, body: { status: 'CANCELLATION_REQUESTED' } }
      }
      if (route === 'status') {
        return isOver(job)
          ? { status: 200, body: { status: 'COMPLETED', request_id: id, logs: null, metrics: { inference_time: 1.2 } } }
          : { status: 202, body: { status: 'IN_PROGRESS', request_id: id, logs: null } }
      }
      if (!isOver(job)) return { status: 400, body: { detail: 'Request is still in progress' } }
      if (job.end === 'lost') return { status: 404, body: { detail: 'Request not found' } }
      if (job.end === 'failed') {
        return { status: 503, body: { detail: 'Runner disconnected', error_type: 'runner_disconnected' } }
      }
      if (job.end === 'refused') {
        const detail = [
          { loc: ['body', 'prompt'], msg: 'flagged', type: 'content_policy_violation', url: 'https://docs' },
        ]
        return { status: 422, body: { detail } }
      }
      const image = { url: `${call.pictures}/${id}.png`, width: 16, height: 16, content_type: 'image/png' }
      return {
        status: 200,
        body: {
          images: [image],
          timings: {},
          seed: job.input.seed,
          has_nsfw_concepts: [false],
          prompt: job.input.prompt,
        },
      }
    },
  },
} satisfies Record<string, FakeWire>

function add({ jobs, end }: Call, input: unknown): FakeHostedJob {
  const job: FakeHostedJob = { id: v4(), input: toObject(input), end, looks: 0, isCanceled: false }
  jobs.push(job)
  return job
}

function look({ jobs }: Call, id: string): FakeHostedJob | undefined {
  const job = jobs.find(each => each.id === id)
  if (job) job.looks++
  return job
}

function isOver({ looks, end }: FakeHostedJob): boolean {
  return looks >= LOOKS_UNTIL_DONE && end !== 'never'
}

function toObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error('The body is no object.')
  return value as Record<string, unknown> // an object of JSON
}
