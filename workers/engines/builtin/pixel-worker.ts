// Runs in a worker thread: the loops over pixels in JavaScript. Pure; no sharp, no I/O.
import { parentPort } from 'node:worker_threads'
import { applyLook, mixPixels, type Pixels } from './apply-look.ts'
import type { Look } from './look.ts'
import { type Measurement, measure } from './measure.ts'
import type { MeasureRequest } from './measure-planes.ts'

/** What the worker is asked. `cancel` is one shared integer: not 0 means nobody waits for the answer. */
export type PixelTask = { id: number; cancel: Int32Array } & (
  | { kind: 'look'; pixels: Pixels; look: Look }
  | { kind: 'mix'; pixels: Pixels; other: Pixels; moves: Int16Array }
  | { kind: 'measure'; request: MeasureRequest }
)
export type PixelAnswer = { id: number } & (
  | { kind: 'pixels'; data: Uint8Array }
  | { kind: 'measurement'; measurement: Measurement }
  | { kind: 'canceled' }
  | { kind: 'error'; message: string }
)

parentPort?.on('message', (task: PixelTask) => {
  const isCanceled = () => Atomics.load(task.cancel, 0) !== 0
  const answer = (message: PixelAnswer, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer)
  try {
    if (isCanceled()) answer({ id: task.id, kind: 'canceled' })
    else if (task.kind === 'measure') answer({ id: task.id, kind: 'measurement', measurement: measure(task.request) })
    else if (
      task.kind === 'look'
        ? applyLook(task.pixels, task.look, isCanceled)
        : mixPixels(task.pixels, task.other, task.moves, isCanceled)
    ) {
      const { data } = task.pixels
      // The bytes came in a buffer of their own, so they go back without a copy.
      answer({ id: task.id, kind: 'pixels', data }, [data.buffer as ArrayBuffer])
    } else answer({ id: task.id, kind: 'canceled' })
  } catch (error) {
    answer({ id: task.id, kind: 'error', message: error instanceof Error ? error.message : String(error) })
  }
})
