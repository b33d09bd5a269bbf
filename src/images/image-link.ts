// `/images/<object key>?[w=<px>&][f=<format>&]e=<expiry>&s=<signature>`: the link says everything that serving needs, so a
// picture costs no query. The expiry is rounded to the hour: within it every caller gets the same link, and caches work.

import { InvalidInputError } from '../errors.ts'
import { isObjectKey } from '../storage/object-key.ts'
import { signLink, verifyLink } from '../storage/signed-link.ts'
import type { ImageRow } from './image-row.ts'

/** The path, on our server, under which image links live. */
export const IMAGE_PATH = '/images/'

/** What a picture can be asked for as. */
export type ImageFormat = 'PNG' | 'JPEG' | 'WEBP' | 'AVIF'

/** Content type and file extension of each format. */
export const imageFormats: Record<ImageFormat, { contentType: string; extension: string }> = {
  PNG: { contentType: 'image/png', extension: 'png' },
  JPEG: { contentType: 'image/jpeg', extension: 'jpg' },
  WEBP: { contentType: 'image/webp', extension: 'webp' },
  AVIF: { contentType: 'image/avif', extension: 'avif' },
}

/** A link's wish: the stored bytes as they are, or a variant `widthPx` wide (never wider than the original). */
export type ImageLink = {
  objectKey: string
  widthPx: number | null
  format: ImageFormat | null
  expiresAt: Date
}

const MAX_WIDTH_PX = 4096
const HOUR_MS = 3_600_000
const LIFETIME_MS = 24 * HOUR_MS

/**
 * A link on our origin that anyone may GET for 24 to 25 hours. Without options it gives the stored bytes; a width of the
 * original's or more gives its own width. Throws InvalidInputError for a width outside 1..4096.
 */
export function imageUrl(
  config: { secret: string; publicUrl: string },
  image: Pick<ImageRow, 'objectKey' | 'width' | 'contentType'>,
  options: { width?: number | null; format?: ImageFormat | null } = {},
  now = Date.now(),
): string {
  const { width = null, format = null } = options
  if (width !== null && !(Number.isInteger(width) && width >= 1 && width <= MAX_WIDTH_PX)) {
    throw new InvalidInputError('width', `The width ${width} is not a whole number from 1 to ${MAX_WIDTH_PX}.`)
  }
  const wish: string[] = []
  if (width !== null && width < image.width) wish.push(`w=${width}`)
  if (format && imageFormats[format].contentType !== image.contentType) wish.push(`f=${imageFormats[format].extension}`)
  wish.push(`e=${(Math.ceil((now + LIFETIME_MS) / HOUR_MS) * HOUR_MS) / 1000}`)
  const path = `${IMAGE_PATH}${image.objectKey}?${wish.join('&')}`
  return config.publicUrl.replace(/\/+$/, '') + signLink(config.secret, 'image-get', path)
}

/** Reads a link that `imageUrl` made, expired or not; null for every other, checked in constant time. */
export function parseImageLink(secret: string, requestUrl: string): ImageLink | null {
  const link = verifyLink(secret, 'image-get', requestUrl)
  if (!link?.pathname.startsWith(IMAGE_PATH)) return null
  const objectKey = link.pathname.slice(IMAGE_PATH.length)
  const width = Number(link.searchParams.get('w') ?? '0')
  const extension = link.searchParams.get('f')
  const format = formatNames.find(name => imageFormats[name].extension === extension) ?? null
  if (!isObjectKey(objectKey) || (extension && !format)) return null
  return { objectKey, widthPx: width || null, format, expiresAt: new Date(Number(link.searchParams.get('e')) * 1000) }
}

const formatNames: ImageFormat[] = ['PNG', 'JPEG', 'WEBP', 'AVIF']
