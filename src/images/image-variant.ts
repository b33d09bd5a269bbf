import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import sharp, { type Sharp } from 'sharp'
import { contentTypeOfKey } from '../storage/object-key.ts'
import { ObjectNotFoundError, type ObjectStat, type ObjectStorage } from '../storage/storage.ts'
import type { DecodeGate } from './decode-gate.ts'
import { type ImageFormat, type ImageLink, imageFormats } from './image-link.ts'

/** Where resized and converted copies lie; they can be made again at any time. */
export const VARIANT_PREFIX = 'variants/'

// Part of the key and so of the ETag: raise it when the same wish would give other bytes.
const RECIPE = `1-${sharp.versions.vips.replaceAll('.', '-')}`

/** The key of the variant that a link wishes for. */
function variantKey(link: Pick<ImageLink, 'objectKey' | 'widthPx' | 'format'>): string {
  const dot = link.objectKey.lastIndexOf('.')
  const extension = link.format ? imageFormats[link.format].extension : link.objectKey.slice(dot + 1)
  const width = link.widthPx ? `w${link.widthPx}` : 'full'
  return `${VARIANT_PREFIX}${link.objectKey.slice(0, dot)}/${width}-${RECIPE}.${extension}`
}

/** Every variant of an image begins with this. */
export function variantsOf(objectKey: string): string {
  return `${VARIANT_PREFIX}${objectKey.slice(0, objectKey.lastIndexOf('.'))}/`
}

/**
 * Makes variants once: what is stored is used, requests for one that is being made wait for it, and of processes that
 * race the first to store wins. Rejects with ObjectNotFoundError where the image itself is gone.
 */
export function makeVariants(deps: { storage: ObjectStorage; gate: DecodeGate }) {
  const { storage, gate } = deps
  const making = new Map<string, Promise<void>>()

  const make = async (link: ImageLink, key: string): Promise<void> => {
    const bytes = await gate(async () => resize(await buffer(await storage.get(link.objectKey)), link, key))
    const options = { contentType: contentTypeOfKey(key), byteSize: bytes.length, ifAbsent: true }
    await storage.put(key, Readable.from([bytes]), options)
  }

  return async (link: ImageLink): Promise<{ key: string; stat: ObjectStat }> => {
    const key = variantKey(link)
    const found = await storage.stat(key)
    if (found) return { key, stat: found }
    let made = making.get(key)
    if (!made) {
      made = make(link, key).finally(() => making.delete(key))
      making.set(key, made)
    }
    await made
    const stat = await storage.stat(key)
    if (!stat) throw new ObjectNotFoundError(key)
    return { key, stat }
  }
}

async function resize(original: Buffer, link: ImageLink, key: string): Promise<Buffer> {
  const image = sharp(original, { sequentialRead: true })
  if (link.widthPx) image.resize({ width: link.widthPx, withoutEnlargement: true })
  return withFormat(image, formatOf(key)).toBuffer()
}

function formatOf(key: string): ImageFormat {
  const contentType = contentTypeOfKey(key)
  if (contentType === 'image/jpeg') return 'JPEG'
  if (contentType === 'image/webp') return 'WEBP'
  return contentType === 'image/avif' ? 'AVIF' : 'PNG'
}

function withFormat(image: Sharp, format: ImageFormat): Sharp {
  switch (format) {
    case 'PNG':
      return image.png({ compressionLevel: 6 })
    case 'JPEG':
      return image.flatten({ background: '#ffffff' }).jpeg({ quality: 88, mozjpeg: false })
    case 'WEBP':
      return image.webp({ quality: 86 })
    case 'AVIF':
      return image.avif({ quality: 62, effort: 3 })
    default:
      return format satisfies never
  }
}
