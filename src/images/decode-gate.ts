import pLimit from 'p-limit'
import sharp from 'sharp'

/** Lets few pictures be decoded at once, so that memory stays bounded however many arrive; the others wait in turn. */
export type DecodeGate = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>

/** One for each process. A caller whose signal aborts while it waits is turned away when its turn comes. */
export function makeDecodeGate(atOnce = 2): DecodeGate {
  // libvips would keep files of the spool open and decoded pixels in memory; no picture here is read twice.
  sharp.cache(false)
  const limit = pLimit(atOnce)
  return (work, signal) =>
    limit(() => {
      signal?.throwIfAborted()
      return work()
    })
}
