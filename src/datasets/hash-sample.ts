import { createHash } from 'node:crypto'
import type { SampleContent, SamplePicture } from './sample.ts'

/**
 * SHA-256 of what the sample says, hex: texts, scores, settings and the pictures' own hashes. When things happened, what
 * they cost and where bytes lie does not count, nor does any id: the same content elsewhere has the same hash.
 */
export function hashSample(content: SampleContent): string {
  return createHash('sha256').update(JSON.stringify(content, pick)).digest('hex')
}

const uncounted = new Set([
  ...['createdAt', 'startedAt', 'editedAt', 'finishedAt'],
  ...['editorSeconds', 'thinkerTokens', 'tokens', 'priority'],
])
// Whatever a caller put in there counts.
const opaque = new Set(['settings', 'metadata'])

function pick(key: string, value: unknown): unknown {
  if (uncounted.has(key)) return undefined
  if (opaque.has(key)) return JSON.stringify(value)
  return isPicture(value) ? value.sha256 : value
}

function isPicture(value: unknown): value is SamplePicture {
  return typeof value === 'object' && value !== null && 'sha256' in value && 'objectKey' in value
}
