import type { ExecutionResult } from 'graphql'
import { LRUCache } from 'lru-cache'

/** The result of one event for one shape of subscription, made once for all who ask for the same. */
export type LiveResults = {
  /** The result under `key`; while it is kept, the first to ask makes it and the others get that one. */
  share(key: string, make: () => Promise<ExecutionResult>): Promise<ExecutionResult> | ExecutionResult
}

type Entry = { result: ExecutionResult | null; making: Promise<ExecutionResult>; bytes: number }

/** Long enough for a burst of watchers and their reconnecting, short enough that objects and links are today's. */
const KEPT_MS = 10_000
const MAX_BYTES = 64_000_000
const UNMADE_BYTES = 2_000
/** A character of JSON, as text and as objects. */
const BYTES_A_CHARACTER = 4

/** A window of recent results, bounded by what they weigh. One that failed unexpectedly is not kept. */
export function makeLiveResults(): LiveResults {
  const entries = new LRUCache<string, Entry>({
    maxSize: MAX_BYTES,
    sizeCalculation: entry => entry.bytes,
    ttl: KEPT_MS,
  })

  async function make(key: string, work: () => Promise<ExecutionResult>): Promise<ExecutionResult> {
    try {
      const result = await work()
      const entry = entries.peek(key)
      if (!entry) return result
      if (result.errors?.some(error => error.extensions.unexpected)) entries.delete(key)
      else entries.set(key, { ...entry, result, bytes: BYTES_A_CHARACTER * write(result) })
      return result
    } catch (error) {
      entries.delete(key)
      throw error
    }
  }

  return {
    share(key, work) {
      const known = entries.get(key)
      if (known) return known.result ?? known.making
      const entry: Entry = { result: null, making: make(key, work), bytes: UNMADE_BYTES }
      entries.set(key, entry)
      return entry.making
    },
  }
}

const text = Symbol('text')

/** Writes the result as JSON, once for both transports; errors each of them writes in its own way. Returns the length. */
function write(result: ExecutionResult): number {
  const json = JSON.stringify(result)
  if (result.errors) return json.length
  // Yoga's SSE asks a result for `stringify`; hidden, so that a copy of the result is not taken for it.
  Object.defineProperties(result, { [text]: { value: json }, stringify: { value: () => json } })
  return json.length
}

/** The JSON of a shared result without errors; undefined for any other. */
export function sharedText(result: ExecutionResult): string | undefined {
  return (result as { [text]?: string })[text] // attached above
}
