import { EngineError } from './engine.ts'
import type { HttpClient } from './http.ts'

/** `path` below a base URL that may or may not end in a slash. */
export function joinUrl(baseUrl: string, path: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/${path}`
}

/** The authorization header of an OpenAI-compatible server; none without a key. */
export function toBearer(key: string | null): Record<string, string> {
  return key === null ? {} : { authorization: `Bearer ${key}` }
}

type Server = { baseUrl: string; key: string | null }

/** Resolves when the server answers at all, asked for its list of models; rejects with EngineError. Costs it nothing. */
export async function probeModels(http: HttpClient, server: Server, signal: AbortSignal): Promise<void> {
  await ask(http, { ...server, url: joinUrl(server.baseUrl, 'models') }, signal)
}

/**
 * The same, and for the open servers that their /health (beside /v1) is good too: vLLM and vLLM-Omni answer 503 there once
 * their engine has died, while the list of models is still given.
 */
export async function probeServer(
  http: HttpClient,
  server: Server & { profile: string },
  signal: AbortSignal,
): Promise<void> {
  await probeModels(http, server, signal)
  if (!healthProfiles.has(server.profile)) return
  await ask(http, { ...server, url: joinUrl(server.baseUrl.replace(/\/v1\/*$/, ''), 'health') }, signal)
}

const healthProfiles = new Set(['vllm', 'vllm-omni', 'sglang'])

async function ask(http: HttpClient, { url, key }: { url: string; key: string | null }, signal: AbortSignal) {
  try {
    await http.send({ method: 'GET', url, headers: toBearer(key) }, signal)
  } catch (error) {
    // A gateway need not have it.
    const isAlive = error instanceof EngineError && aliveCodes.has(error.code)
    if (!isAlive) throw error
  }
}

const aliveCodes = new Set(['ENGINE_MISCONFIGURED', 'ENGINE_REJECTED'])
