import { z } from 'zod'
import { EngineError } from './engine.ts'
import { type ProviderId, providers } from './providers/providers.ts'

const remoteSchema = z.object({
  engine: z.literal('async-job'),
  provider: z.string(),
  /** Milliseconds since 1970. */
  submittedAt: z.number(),
  id: z.string(),
  statusUrl: z.string(),
  resultUrl: z.string().nullable(),
  cancelUrl: z.string().nullable(),
})

/** A submitted edit as it is stored with its task. */
export type RemoteJob = z.infer<typeof remoteSchema>

/**
 * What an earlier attempt stored; null: nothing of this kind of engine. Throws EngineError `busy` when it is at another
 * provider, which an endpoint of that one has to ask: it is paid for there.
 */
export function readRemote(remote: string | null, provider: ProviderId): RemoteJob | null {
  const job = remote === null ? null : parseRemote(remote)
  if (job === null || job.provider === provider) return job
  throw new EngineError(
    'busy',
    'SUBMISSION_ELSEWHERE',
    'This edit is being made at another provider of the same model.',
  )
}

/** The same, but null also for one at another provider. */
export function findRemote(remote: string, provider: ProviderId): RemoteJob | null {
  const job = parseRemote(remote)
  return job?.provider === provider ? job : null
}

function parseRemote(remote: string): RemoteJob | null {
  return remoteSchema.safeParse(parseJson(remote)).data ?? null
}

/**
 * The key's header for a URL: on the API's own origin, and with `isApi` on https hosts of the provider's domain, if the API
 * is there too. Nothing for any other URL.
 */
export function keyFor(
  { baseUrl, provider, key }: { baseUrl: string; provider: ProviderId; key: string | null },
  url: string,
  { isApi }: { isApi: boolean },
): Record<string, string> {
  if (key === null) return {}
  const { domain, toHeaders } = providers[provider]
  const target = new URL(url)
  const own = new URL(baseUrl)
  const isSibling = isApi && target.protocol === 'https:' && isUnder(target, domain) && isUnder(own, domain)
  return target.origin === own.origin || isSibling ? toHeaders(key) : {}
}

function isUnder({ hostname }: URL, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null // another engine's, in a form of its own
  }
}
