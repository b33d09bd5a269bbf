import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import type { NewJob } from '../../src/jobs/start-jobs.ts'
import { defaultSettings, type LoopSettings } from '../../src/loop/settings.ts'
import type { Engine } from '../../workers/engines/make-engine.ts'
import { type Fleet, type FleetModel, isThinker } from '../../workers/fleet/fleet.ts'

const instantEditor = 'instant-editor'
const instantThinker = 'instant-thinker'

/** Square pictures of `sizePx`, each with bytes of its own, as a real editor's are, at no cost for making them. */
export async function makePictures(sizePx: number): Promise<() => Buffer> {
  const gradient = Buffer.from(
    Array.from({ length: sizePx * sizePx * 3 }, (_, i) => {
      const [x, y, channel] = [Math.floor(i / 3) % sizePx, Math.floor(i / 3 / sizePx), i % 3]
      return (channel === 0 ? (x * 255) / sizePx : channel === 1 ? (y * 255) / sizePx : (x * y) / sizePx) & 0xff
    }),
  )
  const png = await sharp(gradient, { raw: { width: sizePx, height: sizePx, channels: 3 } })
    .png()
    .toBuffer()
  const behindHeader = 8 + 25
  let count = 0
  return () => {
    // The pHYs chunk says how large a pixel is to be printed, which is nobody's concern here.
    const chunk = Buffer.alloc(21)
    chunk.writeUInt32BE(9, 0)
    chunk.write('pHYs', 4, 'latin1')
    chunk.writeUInt32BE(++count, 8)
    chunk.writeUInt32BE(count, 12)
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 17)), 17)
    return Buffer.concat([png.subarray(0, behindHeader), chunk, png.subarray(behindHeader)])
  }
}

/** Engines in this process that answer at once: the editor with `paint`, the thinker never satisfied. */
export function instantEngine(kinds: FleetModel['kinds'], paint: () => Buffer): Engine {
  const thinker: Engine['thinker'] = {
    critique: async ({ prompt }) => ({
      semantic: 5,
      quality: 6,
      isSatisfied: false,
      reasoning: 'The sky is still grey.',
      refinedPrompt: `${prompt} and bluer`.slice(-200),
      tokens: 42,
    }),
    polish: async ({ instruction }) => ({ prompt: instruction, tokens: 42 }),
  }
  const editor: Engine['editor'] = { edit: async () => ({ picture: { bytes: paint(), contentType: 'image/png' } }) }
  return isThinker({ kinds }) ? { editor: null, thinker, probe: null } : { editor, thinker: null, probe: null }
}

/** A fleet of one endpoint a kind, with so many calls at once. */
export function instantFleet(capacity: number): Fleet {
  const entry = (kind: 'EDITOR' | 'THINKER', model: string, position: number): FleetModel => ({
    ...{ kinds: [kind], model, position, capacity, urls: [`instant:${model}`], deadlineMs: 60_000 },
    ...{ maxPixels: null, multipleOf: 1, restoresSize: false, maxReferences: null, parameters: [] },
    settings: { engine: 'openai-images', profile: 'generic', servedModel: model, key: null },
  })
  return { models: [entry('EDITOR', instantEditor, 0), entry('THINKER', instantThinker, 1)] }
}

/** A job for these engines; `loop` differs from the defaults. */
export function instantJob(sourceId: string, loop: Partial<LoopSettings> = {}): NewJob {
  return {
    ...{ kind: 'EDIT', sourceId, instruction: 'Make the sky bluer', editor: instantEditor, thinker: instantThinker },
    ...{ maskId: null, size: null, referenceIds: [], idempotencyKey: null },
    ...{ priority: 0, batch: null, tags: [], metadata: null },
    settings: { ...defaultSettings, fallbackEditors: [], resubmitUncertain: false, editorParameters: {}, ...loop },
  }
}
