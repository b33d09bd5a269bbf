/** Where exports lie in the store. */
export const EXPORT_PREFIX = 'exports/'

/** The key of an export's own file, by its content: written again it is the same. Pictures keep the keys that they have. */
export function exportKey({ tenantId, exportId }: { tenantId: string; exportId: string }, sha256: string): string {
  return `${EXPORT_PREFIX}${tenantId}/${exportId}/${sha256}`
}

/** The export that a key belongs to; null for a picture's. */
export function exportOfKey(key: string): string | null {
  return key.startsWith(EXPORT_PREFIX) ? (key.split('/')[2] ?? null) : null
}
