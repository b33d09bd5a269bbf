// A file is walked marker by marker because decoders answer neither question: they report only the metadata they know (a
// phone may append a whole video), and they stop at the last row, so a file cut short behind it passes.

/**
 * `bare`: a picture and nothing else, no EXIF, XMP, IPTC, colour profile, comment, thumbnail, text, animation, and no byte
 * behind its end. `dressed`: whole, with any of these. `broken`: cut short, or not the structure of its kind.
 */
export type FileState = 'bare' | 'dressed' | 'broken'

/** Walks the structure of a file of one of the three kept kinds; decodes no pixel. */
export function examineFile(contentType: 'image/png' | 'image/jpeg' | 'image/webp', file: Buffer): FileState {
  switch (contentType) {
    case 'image/png':
      return examinePng(file)
    case 'image/jpeg':
      return examineJpeg(file)
    case 'image/webp':
      return examineWebp(file)
    default:
      return contentType satisfies never
  }
}

// sRGB says what is assumed anyway; sBIT and pHYs change no pixel. gAMA, cHRM and iCCP do, in browsers.
const BARE_PNG_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND', 'sRGB', 'sBIT', 'pHYs'])

function examinePng(file: Buffer): FileState {
  let isBare = true
  for (let at = 8; at + 12 <= file.length; ) {
    const type = file.toString('latin1', at + 4, at + 8)
    isBare &&= BARE_PNG_CHUNKS.has(type)
    at += 12 + file.readUInt32BE(at)
    if (type === 'IEND') return at > file.length ? 'broken' : isBare && at === file.length ? 'bare' : 'dressed'
  }
  return 'broken'
}

const EOI = 0xd9
const SOS = 0xda

function examineJpeg(file: Buffer): FileState {
  let isBare = true
  for (let at = 2; at + 2 <= file.length; ) {
    const marker = file[at + 1] ?? 0
    if (file[at] !== 0xff) return 'broken'
    if (marker === 0xff) {
      at++
      continue
    }
    if (marker === EOI) return isBare && at + 2 === file.length ? 'bare' : 'dressed'
    if (at + 4 > file.length) return 'broken'
    const length = file.readUInt16BE(at + 2)
    isBare &&= isBareJpegSegment(marker, file.subarray(at + 4, at + 2 + length))
    at += 2 + length
    if (marker === SOS) at = endOfScan(file, at)
  }
  return 'broken'
}

function isBareJpegSegment(marker: number, content: Buffer): boolean {
  const isApplication = marker >= 0xe0 && marker <= 0xef
  if (marker === 0xfe) return false
  if (!isApplication) return true
  const name = content.toString('latin1', 0, 5)
  // JFIF: bytes 12 and 13 are the size of a thumbnail. Adobe: how the colours are coded.
  if (marker === 0xe0) return name === 'JFIF\0' && content[12] === 0 && content[13] === 0
  return marker === 0xee && name === 'Adobe'
}

/** Where the next marker stands that ends a scan's coded data: not a stuffed 0xff 0x00 and not a restart. */
function endOfScan(file: Buffer, from: number): number {
  for (let at = file.indexOf(0xff, from); at >= 0; at = file.indexOf(0xff, at + 1)) {
    const next = file[at + 1] ?? 0
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at
  }
  return file.length
}

const BARE_WEBP_CHUNKS = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH'])

function examineWebp(file: Buffer): FileState {
  const end = file.length < 12 ? Number.POSITIVE_INFINITY : file.readUInt32LE(4) + 8
  if (end > file.length) return 'broken'
  let isBare = end === file.length
  let at = 12
  while (at + 8 <= end) {
    isBare &&= BARE_WEBP_CHUNKS.has(file.toString('latin1', at, at + 4))
    const length = file.readUInt32LE(at + 4)
    at += 8 + length + (length % 2)
  }
  return at !== end ? 'broken' : isBare ? 'bare' : 'dressed'
}
