import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Pixels } from './apply-look.ts'
import type { Look } from './look.ts'
import type { Measurement } from './measure.ts'
import type { MeasureRequest } from './measure-planes.ts'
import type { PixelAnswer, PixelTask } from './pixel-worker.ts'

/** One worker thread for loops over pixels, so that the event loop never waits for them. */
export type PixelThread = {
  look(pixels: Pixels, look: Look, signal: AbortSignal): Promise<Pixels>
  mix(pixels: Pixels, other: Pixels, moves: Int16Array, signal: AbortSignal): Promise<Pixels>
  measure(request: MeasureRequest, signal: AbortSignal): Promise<Measurement>
  close(): Promise<void>
}

type Waiting = { resolve(answer: PixelAnswer): void; reject(error: Error): void }
type Work =
  | { kind: 'look'; pixels: Pixels; look: Look }
  | { kind: 'mix'; pixels: Pixels; other: Pixels; moves: Int16Array }
  | { kind: 'measure'; request: MeasureRequest }

/** Started by the first task and again after a crash or a close; it does not keep the process alive while idle. */
export function makePixelThread(): PixelThread {
  let worker: Worker | null = null
  let nextId = 1
  const waiting = new Map<number, Waiting>()

  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) worker?.unref()
    return found
  }

  const start = (): Worker => {
    const started = startWorker()
    const fail = (error: Error) => {
      if (worker === started) worker = null
      for (const id of [...waiting.keys()]) settle(id)?.reject(error)
    }
    started.on('message', (answer: PixelAnswer) => settle(answer.id)?.resolve(answer))
    started.on('error', fail)
    started.on('exit', () => worker === started && fail(new Error('The pixel worker stopped.')))
    worker = started
    return started
  }

  const run = async (work: Work, signal: AbortSignal, transfer: ArrayBuffer[]): Promise<PixelAnswer> => {
    signal.throwIfAborted()
    const id = nextId++
    const cancel = new Int32Array(new SharedArrayBuffer(4))
    const onAbort = () => {
      Atomics.store(cancel, 0, 1)
      settle(id)?.reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const answer = await new Promise<PixelAnswer>((resolve, reject) => {
        const target = worker ?? start()
        waiting.set(id, { resolve, reject })
        target.ref()
        const task: PixelTask = { id, cancel, ...work }
        target.postMessage(task, transfer)
      })
      if (answer.kind === 'error') throw new Error(answer.message)
      return answer
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  // sharp's memory cannot be handed to another thread; a copy of our own can, both ways.
  const change = async (
    pixels: Pixels,
    work: { kind: 'look'; look: Look } | { kind: 'mix'; other: Pixels; moves: Int16Array },
    signal: AbortSignal,
  ): Promise<Pixels> => {
    const data = new Uint8Array(pixels.data)
    const answer = await run({ ...work, pixels: { ...pixels, data } }, signal, [data.buffer])
    if (answer.kind !== 'pixels') throw new Error('The pixel worker answered something else than pixels.')
    return { ...pixels, data: answer.data }
  }

  return {
    look: (pixels, look, signal) => change(pixels, { kind: 'look', look }, signal),
    mix: (pixels, other, moves, signal) => change(pixels, { kind: 'mix', other, moves }, signal),
    async measure(request, signal) {
      const answer = await run({ kind: 'measure', request }, signal, [])
      if (answer.kind !== 'measurement') throw new Error('The pixel worker answered something else than a measurement.')
      return answer.measurement
    },
    async close() {
      const closing = worker
      worker = null
      for (const id of [...waiting.keys()]) settle(id)?.reject(new Error('The engine was closed.'))
      await closing?.terminate()
    },
  }
}

/** From sources the thread needs tsx, whatever runs the main thread; from the build it loads the compiled file as it is. */
function startWorker(): Worker {
  const isSource = import.meta.url.endsWith('.ts')
  const url = new URL(isSource ? './pixel-worker.ts' : './pixel-worker.js', import.meta.url)
  if (!isSource) return new Worker(url)
  // A thread does not take over tsx's hooks, so it registers them itself; `require` resolves to the CommonJS twin.
  const api = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/u, '.mjs')
  const [tsx, entry] = [pathToFileURL(api).href, url.href].map(each => JSON.stringify(each))
  const boot = `import(${tsx}).then(({ register }) => { register(); return import(${entry}) })`
  return new Worker(boot, { eval: true, execArgv: [] })
}
