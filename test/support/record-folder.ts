import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { picturePath } from '../../src/exports/picture-path.ts'
import { defaultSettings } from '../../src/loop/settings.ts'
import { paintPicture } from './paint-picture.ts'

const contentType = 'image/png'

/** A painted picture, written into a folder where an export has it; as a record names it. */
export async function writePicture(folder: string, text: string) {
  const size = { width: 16, height: 12 }
  const bytes = await paintPicture(text, size)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const path = picturePath({ sha256, contentType })
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), bytes)
  return { path, sha256, contentType, byteSize: bytes.length, widthPx: size.width, heightPx: size.height }
}

/** A finished edit of two rounds with pictures of its own, as a record whose pictures are in the folder. */
export async function makeRecord(folder: string, name: string) {
  const source = await writePicture(folder, 'source')
  const by = { source: 'THINKER', by: 'critic', isSatisfied: null, errorCode: null, reasoning: 'Dull.', tokens: 5 }
  const times = { createdAt: '2026-11-01T10:00:00+00:00', startedAt: '2026-11-01T10:00:01+00:00' }
  const round = async (index: number, score: number) => ({
    ...{ index, candidate: 0, parent: index > 1 ? [index - 1, 0] : null, status: 'CRITIQUED', editor: 'painter' },
    ...{ prompt: `${name} ${index}`, promptSource: index > 1 ? 'REFINED' : 'INSTRUCTION', seed: index, base: null },
    ...{ picture: await writePicture(folder, `${name} ${index}`), isSatisfied: score >= 8, editorSeconds: 1.5 },
    ...{ error: null, ...times, editedAt: '2026-11-01T10:00:02.5+00:00' },
    critiques: [
      {
        ...{ ...by, semantic: score, quality: score, overall: score, refinedPrompt: `${name} ${index + 1}` },
        createdAt: '2026-11-01T10:00:03+00:00',
      },
    ],
  })
  const settings = { ...defaultSettings, fallbackEditors: [], resubmitUncertain: false, editorParameters: {} }
  return {
    ...{ format: 'pentimento-trajectories', version: 1, kind: 'EDIT', status: 'SUCCEEDED', stopReason: 'SATISFIED' },
    ...{ instruction: name, editor: 'painter', thinker: 'critic', settings, baseSeed: 1, priority: 0, run: 1 },
    ...{
      wantedWidthPx: null,
      wantedHeightPx: null,
      batch: null,
      tags: [],
      metadata: { task: 'style' },
      source,
      mask: null,
    },
    ...{ references: [source], best: [2, 0], error: null, editorSeconds: 3, thinkerTokens: 10, runEditorSeconds: 3 },
    ...{ runThinkerTokens: 10, ...times, finishedAt: '2026-11-01T10:00:04+00:00' },
    rounds: [await round(1, 5), await round(2, 9)],
  }
}
