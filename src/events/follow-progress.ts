import { type EventSource, type EventStream, makeEventStream, type Pulled, wakeAll } from './event-stream.ts'
import { outlast } from './outlast.ts'

/** How far work has come, told to one reader. `progressOf`: the name under which its steps are notified. */
export type Progress<State> = { readonly progressOf: string; readonly state: State }

/** Work to follow. `read` gives null where it is not there, or not any more; `isOver`: no other state follows. */
export type FollowedWork<State> = {
  /** What is notified on the channel `background_work` when there is something new, such as `export <id>`. */
  name: string
  read: () => Promise<State | null>
  isOver: (state: State) => boolean
  /** What is thrown where there is no such work for this reader. */
  absent: Error
}

type FollowDeps = { onWork(listener: (name: string | null) => void): () => void; signal: AbortSignal }

const POLL_MS = 2_000
/** Steps may come by the hundred a second: they are looked at no more often than this. */
const MIN_GAP_MS = 200
const OPEN_LIMIT_MS = 30_000

/**
 * The state that the work is in now, then each later one that differs, however many steps lie between them. Ends with the
 * state that is the last, or when the work is deleted. A missed notification costs two seconds; an outage of the database
 * is waited out. Throws `absent` where there is nothing to follow.
 */
export async function followProgress<State>(
  { name, read, isOver, absent }: FollowedWork<State>,
  { onWork, signal }: FollowDeps,
): Promise<EventStream<Progress<State>>> {
  const source: EventSource<Progress<State>> = {
    pull,
    wakers: new Set(),
    isGone: async () => false,
    release() {
      forget()
      signal.removeEventListener('abort', look)
      clearInterval(poll)
      clearTimeout(timer)
    },
  }
  let isDue = false
  let isEnded = false
  let readAt = Date.now()
  let timer: NodeJS.Timeout | undefined
  const look = () => {
    isDue = true
    wakeAll(source.wakers)
  }
  // From before the first look, so that nothing falls between them.
  const forget = onWork(told => {
    if (told === null || told === name) look()
  })
  signal.addEventListener('abort', look, { once: true })
  const poll = setInterval(look, POLL_MS).unref()

  let next: State | null
  try {
    next = await outlast(read, { signal, limitMs: OPEN_LIMIT_MS })
    if (next === null) throw absent
  } catch (error) {
    source.release()
    throw error
  }
  let said = JSON.stringify(next)

  function pull(): Pulled<Progress<State>> | Promise<'again'> {
    if (next !== null) {
      const state = next
      next = null
      isEnded = isOver(state)
      return { item: { progressOf: name, state } }
    }
    if (isEnded) return 'end'
    if (!isDue) return 'wait'
    const waitMs = readAt + MIN_GAP_MS - Date.now()
    if (waitMs <= 0) return readNext()
    clearTimeout(timer)
    timer = setTimeout(look, waitMs)
    isDue = false
    return 'wait'
  }

  async function readNext(): Promise<'again'> {
    isDue = false
    readAt = Date.now()
    const state = await outlast(read, { signal })
    if (state === null) isEnded = true
    else if (JSON.stringify(state) !== said) {
      said = JSON.stringify(state)
      next = state
    }
    return 'again'
  }

  return makeEventStream(source, signal)
}
