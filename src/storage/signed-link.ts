// A signed link is `<path>?<query>&s=<HMAC-SHA256 of purpose and everything before &s=>`. The text itself is signed, not
// its parsed parts, so there is nothing to normalise and no byte of it that may change.

import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a link lets its holder do; a link for one is refused for every other. */
export type LinkPurpose = 'image-get' | 'object-get' | 'object-put' | 'export-get'

const SIGNATURE = '&s='

/** The path and query with their signature. `pathAndQuery` must have a query; by custom it ends in `e=`, the expiry. */
export function signLink(secret: string, purpose: LinkPurpose, pathAndQuery: string): string {
  return `${pathAndQuery}${SIGNATURE}${signatureOf(secret, purpose, pathAndQuery)}`
}

/** The path and query that were signed, or null for a link that we did not make like this. Takes constant time. */
export function verifyLink(secret: string, purpose: LinkPurpose, requestUrl: string): URL | null {
  const at = requestUrl.lastIndexOf(SIGNATURE)
  if (at < 0 || !requestUrl.startsWith('/')) return null
  const signed = requestUrl.slice(0, at)
  const given = Buffer.from(requestUrl.slice(at + SIGNATURE.length))
  const expected = Buffer.from(signatureOf(secret, purpose, signed))
  // The texts are compared, not the bytes they stand for: base64url has spare bits in its last character.
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  return new URL(signed, 'http://localhost')
}

/** Seconds since 1970 as links carry them, rounded up. */
export function toUnixSeconds(at: Date): number {
  return Math.ceil(at.getTime() / 1000)
}

/** Whether the link's `e` has passed; a link without one is expired. */
export function isExpired(link: URL, now = Date.now()): boolean {
  const expires = Number(link.searchParams.get('e') ?? '0')
  return !(expires * 1000 > now)
}

function signatureOf(secret: string, purpose: LinkPurpose, text: string): string {
  return createHmac('sha256', secret).update(`${purpose}\n${text}`).digest('base64url')
}
