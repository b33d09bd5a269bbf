// A form as one Buffer: undici would send its own FormData through web streams and Blob reads, at several times the CPU.
// https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data

import { randomUUID } from 'node:crypto'
import type { Picture } from './engine.ts'

/** A text or a picture. A picture's `contentType` is one of ours and goes into its header as it is. */
export type FormPart = { name: string; text: string } | { name: string; filename: string; picture: Picture }

/** A form ready to be sent: `contentType` names the boundary between its parts. */
type EncodedForm = { contentType: string; body: Buffer }

/**
 * The parts in their order, a name as often as it is given. Lines of names and texts end in CRLF afterwards; names and
 * filenames are escaped as browsers do, with %0D, %0A and %22. A picture's bytes stay as they are.
 */
export function encodeMultipart(parts: readonly FormPart[]): EncodedForm {
  // 122 random bits, so no picture need be searched for it.
  const boundary = `----pentimento-${randomUUID()}`
  const pieces = parts.flatMap(part => {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withCrlf(part.name))}"`
    if ('text' in part) return [Buffer.from(`${head}\r\n\r\n${withCrlf(part.text)}\r\n`)]
    const { filename, picture } = part
    const more = `; filename="${escapeName(filename)}"\r\nContent-Type: ${picture.contentType}\r\n\r\n`
    return [Buffer.from(head + more), picture.bytes, CRLF]
  })
  const body = Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)])
  return { contentType: `multipart/form-data; boundary=${boundary}`, body }
}

const CRLF = Buffer.from('\r\n')

function withCrlf(text: string): string {
  return text.replace(/\r?\n|\r/g, '\r\n')
}

function escapeName(name: string): string {
  return name.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22')
}
