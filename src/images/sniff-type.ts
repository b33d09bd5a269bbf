// The first bytes decide what a file is; its name and its sender's claim are never asked.

import { open } from 'node:fs/promises'

/** The kinds that are taken, by their content type. */
const ACCEPTED_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/tiff', 'image/bmp'] as const

/** One of the kinds that are taken. */
export type AcceptedType = (typeof ACCEPTED_TYPES)[number]

/** How many bytes from the start `sniffType` wants to see. */
export const SNIFF_BYTES = 512

/** What the bytes begin like: an accepted type, another known type for the refusal's sentence, or null. */
export function sniffType(head: Buffer): string | null {
  const at = (offset: number, text: string) => head.subarray(offset, offset + text.length).toString('latin1') === text
  if (at(0, '\x89PNG\r\n\x1a\n')) return 'image/png'
  if (at(0, '\xff\xd8\xff')) return 'image/jpeg'
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'image/webp'
  if (at(0, 'GIF87a') || at(0, 'GIF89a')) return 'image/gif'
  if (at(0, 'II*\0') || at(0, 'MM\0*') || at(0, 'II+\0') || at(0, 'MM\0+')) return 'image/tiff'
  if (at(0, 'BM') && isBmpHeader(head)) return 'image/bmp'
  if (at(4, 'ftyp')) return isoTypeOf(head.subarray(8, 12).toString('latin1'))
  if (at(0, '%PDF')) return 'application/pdf'
  if (at(0, 'PK\x03\x04')) return 'application/zip'
  if (at(0, '8BPS')) return 'image/vnd.adobe.photoshop'
  if (at(0, '\0\0\x01\0')) return 'image/vnd.microsoft.icon'
  if (at(0, '\xff\x0a') || at(4, 'JXL ')) return 'image/jxl'
  if (at(4, 'jP  ')) return 'image/jp2'
  const text = head.toString('utf8').trimStart().toLowerCase()
  if (/^\ufeff?<(\?xml|!doctype svg|!--|svg)/.test(text) && text.includes('<svg')) return 'image/svg+xml'
  if (/^\ufeff?<(!doctype html|html)/.test(text)) return 'text/html'
  return null
}

/** The same for a file. */
export async function readType(path: string): Promise<string | null> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0)
    return sniffType(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

/** Narrows to the kinds that are taken. */
export function isAcceptedType(contentType: string | null): contentType is AcceptedType {
  return ACCEPTED_TYPES.some(accepted => accepted === contentType)
}

// "BM" alone begins many a text; the size of the second header says which bitmap it is.
function isBmpHeader(head: Buffer): boolean {
  return head.length >= 26 && [12, 16, 40, 52, 56, 64, 108, 124].includes(head.readUInt32LE(14))
}

function isoTypeOf(brand: string): string | null {
  if (/^(heic|heix|heim|heis|hevc|hevx|mif1|msf1)$/.test(brand)) return 'image/heic'
  if (/^avi[fs]$/.test(brand)) return 'image/avif'
  return 'video/mp4'
}
