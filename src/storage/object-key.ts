const SEGMENT = /^[a-z0-9][a-z0-9._-]*$/
const MAX_KEY_LENGTH = 512

const CONTENT_TYPES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
  tif: 'image/tiff',
  bmp: 'image/bmp',
}

/** True for `a/b/c.png`: lower-case segments that begin with a letter or digit, so no path can climb out of a folder. */
export function isObjectKey(key: string): boolean {
  return key.length <= MAX_KEY_LENGTH && key.split('/').every(segment => SEGMENT.test(segment))
}

/** Throws where `key` is none; keys are made by us, so that is a bug and no user's mistake. */
export function assertObjectKey(key: string): void {
  if (!isObjectKey(key)) throw new TypeError(`Not an object key: ${JSON.stringify(key)}`)
}

/** The content type that a key's extension stands for; both drivers store and report no other. */
export function contentTypeOfKey(key: string): string {
  return CONTENT_TYPES[key.slice(key.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
}

/** `jpg` for `image/jpeg`; undefined for a type that is not kept. */
export function extensionOf(contentType: string): string | undefined {
  return Object.keys(CONTENT_TYPES).find(extension => CONTENT_TYPES[extension] === contentType)
}
