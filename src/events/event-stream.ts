/** What a source has for its reader now: an item, nothing until it wakes it, or nothing any more. */
export type Pulled<Item> = { readonly item: Item } | 'wait' | 'end'

/**
 * Events of one reader, pulled one at a time. `return()` ends a waiting `next()` at once, which an async generator
 * function could not. One `next()` at a time.
 */
export type EventStream<Item> = AsyncGenerator<Item, void, undefined> & {
  /**
   * Whether the job of the item just given was deleted since, so that it could not be shown. A job's stream then takes
   * the item back and gives an EventGap next.
   */
  isGone(item: Item): Promise<boolean>
}

/** Told when something may have changed; each is called once and then dropped. */
export type Wakers = Set<() => void>

/** What a stream reads from. `pull` answers at once, or fetches and wants to be asked again: so no wake is slept over. */
export type EventSource<Item> = {
  pull(): Pulled<Item> | Promise<'again'>
  readonly wakers: Wakers
  isGone(item: Item): Promise<boolean>
  /** Called once, when the stream is over. */
  release(): void
}

const DONE = { done: true, value: undefined } as const

/** A stream over `source`. Rejects with the reason of `signal` once that aborts and `wakeAll` was called. */
export function makeEventStream<Item>(source: EventSource<Item>, signal: AbortSignal): EventStream<Item> {
  let isOver = false
  let endWait: (() => void) | undefined

  function finish(): void {
    if (isOver) return
    isOver = true
    source.wakers.delete(wake)
    source.release()
    wake()
  }

  // One function for all waits of the stream: thousands wait and are woken together.
  function wake(): void {
    const end = endWait
    endWait = undefined
    end?.()
  }

  function wait(): Promise<void> {
    source.wakers.add(wake)
    return new Promise(resolve => {
      endWait = resolve
    })
  }

  async function next(): Promise<IteratorResult<Item, void>> {
    try {
      while (!isOver) {
        signal.throwIfAborted()
        const pulled = source.pull()
        if (pulled instanceof Promise) await pulled
        else if (pulled === 'wait') await wait()
        else if (pulled === 'end') finish()
        else return { done: false, value: pulled.item }
      }
      return DONE
    } catch (error) {
      finish()
      throw error
    }
  }

  const stream: EventStream<Item> = {
    next,
    async return() {
      finish()
      return DONE
    },
    async throw(error) {
      finish()
      throw error
    },
    isGone: item => source.isGone(item),
    [Symbol.asyncIterator]: () => stream,
  }
  return stream
}

/** Calls all who wait. They may wait again at once. */
export function wakeAll(wakers: Wakers): void {
  const waiting = [...wakers]
  wakers.clear()
  for (const wake of waiting) wake()
}
