// libvips has no BMP decoder of its own; NetSurf's, compiled to WebAssembly, has. It runs in a thread that is thrown away,
// because it blocks while it works, cannot be told to stop, and its memory never shrinks.

import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { CorruptImageError, ImageTooSlowError } from './errors.ts'
import type { ImageLimits } from './image-limits.ts'

/** Decoded pixels, 4 bytes each (R, G, B, A), rows from the top. */
export type RawPixels = { data: Buffer; width: number; height: number }

/** Size in pixels as the header claims, before anything is decoded; throws CorruptImageError for none. */
export function readBmpSize(head: Buffer): { width: number; height: number } {
  const isOld = head.readUInt32LE(14) === 12
  const width = isOld ? head.readUInt16LE(18) : head.readInt32LE(18)
  const height = isOld ? head.readUInt16LE(20) : Math.abs(head.readInt32LE(22))
  if (width <= 0 || height === 0) throw new CorruptImageError('image/bmp')
  return { width, height }
}

/** Decodes a BMP of any depth and compression (RLE and bit fields too); CorruptImageError, ImageTooSlowError. */
export async function decodeBmp(file: Buffer, limits: ImageLimits): Promise<RawPixels> {
  const require = createRequire(import.meta.url)
  const module = require.resolve('@cwasm/nsbmp')
  const worker = new Worker(THREAD, { eval: true, workerData: { module, file }, execArgv: [] })
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new ImageTooSlowError(limits.maxSeconds)), limits.maxSeconds * 1000)
      worker.once('error', cause => reject(new CorruptImageError('image/bmp', { cause })))
      worker.once('exit', () => reject(new CorruptImageError('image/bmp')))
      worker.once('message', ({ data, width, height }) => resolve({ data: Buffer.from(data), width, height }))
    })
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

// As text, because a path to a .ts file can be started only under a loader, and one to a .js file only once built.
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads')
const { data, width, height } = require(workerData.module).decode(workerData.file)
parentPort.postMessage({ data: data.buffer, width, height }, [data.buffer])
`
