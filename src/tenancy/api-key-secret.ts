import { createHash, randomBytes } from 'node:crypto'

/** 256 random bits, recognisable in a file by `pnt_`. */
export function makeSecret(): string {
  return `pnt_${randomBytes(32).toString('base64url')}`
}

/** What is stored instead: SHA-256, hex. Enough without salt, because the secret itself is random. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** What is stored to recognise a key by: its beginning, a quarter of it at most. */
export function prefixOf(secret: string): string {
  return secret.slice(0, Math.min(12, Math.floor(secret.length / 4)))
}
