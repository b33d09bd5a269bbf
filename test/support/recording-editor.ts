import { createHash } from 'node:crypto'
import sharp from 'sharp'
import type { Editor, EditRequest } from '../../workers/engines/engine.ts'

/** An editor in this process that keeps what it is asked for. */
export type RecordingEditor = { editor: Editor; requests: EditRequest[] }

/**
 * Paints a picture in a color that prompt and seed decide, of the size that was asked for, else the source's, else 32 x 32.
 * `before` runs first and may throw.
 */
export function recordingEditor(before: (request: EditRequest) => Promise<void> | void = () => {}): RecordingEditor {
  const requests: EditRequest[] = []
  const edit: Editor['edit'] = async (request, signal) => {
    requests.push(request)
    await before(request)
    signal.throwIfAborted()
    const { width, height } = request.size ?? (await sizeOf(request))
    const [r = 0, g = 0, b = 0] = createHash('sha256').update(`${request.prompt} ${request.seed}`).digest()
    const bytes = await sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
      .png()
      .toBuffer()
    return { picture: { bytes, contentType: 'image/png' } }
  }
  return { editor: { edit }, requests }
}

async function sizeOf({ source }: EditRequest): Promise<{ width: number; height: number }> {
  return source === null ? { width: 32, height: 32 } : await sharp(source.bytes).metadata()
}
