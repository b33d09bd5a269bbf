import type { Picture } from './engine.ts'
import { EngineError } from './engine.ts'
import { unreadable } from './parse-answer.ts'

/** The picture in a model server's base64 text, with or without a data-URL prefix. Throws EngineError `failed` when it is none. */
export function readBase64Picture(text: string): Picture {
  return readPicture(Buffer.from(text.replace(/^data:[^,]*,/, ''), 'base64'))
}

/** The picture in a model server's bytes, its type told by its first bytes. Throws EngineError `failed` when it is none. */
export function readPicture(bytes: Buffer): Picture {
  if (bytes.length === 0) throw new EngineError('failed', 'ENGINE_ANSWER_EMPTY', 'The model server sent no picture.')
  const head = bytes.subarray(0, 12).toString('latin1')
  const contentType = pictureTypes.find(([pattern]) => pattern.test(head))?.[1]
  if (!contentType) throw unreadable()
  return { bytes, contentType }
}

const pictureTypes: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG\r\n/, 'image/png'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^RIFF[\s\S]{4}WEBP/, 'image/webp'],
  [/^GIF8/, 'image/gif'],
  [/^(?:II\*\0|MM\0\*)/, 'image/tiff'],
  [/^BM/, 'image/bmp'],
  [/^[\s\S]{4}ftypavi[fs]/, 'image/avif'],
]
