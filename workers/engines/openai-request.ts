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

/** Resolves when the server answers at all, asked for its list of models; rejects with EngineError. Costs it nothing. */
export async function probeModels(
  http: HttpClient,
  server: { baseUrl: string; key: string | null },
  signal: AbortSignal,
): Promise<void> {
  try {
    await http.send({ method: 'GET', url: joinUrl(server.baseUrl, 'models'), headers: toBearer(server.key) }, signal)
  } catch (error) {
    const isAlive = error instanceof EngineError && aliveCodes.has(error.code)
    if (!isAlive) throw error
  }
}

// A gateway need not have such a list.
const aliveCodes = new Set(['ENGINE_MISCONFIGURED', 'ENGINE_REJECTED'])
