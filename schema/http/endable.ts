import { type ExecutionResult, GraphQLError } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import { FeedClosedError } from '../../src/events/event-feed.ts'
import type { SessionEnd, Sessions } from './sessions.ts'
import type { ServerContext } from './yoga.ts'

/**
 * Makes the streams of subscriptions over SSE end when their key does or the server stops: with a last result that holds
 * an error, so that the reader does not take it for the job's end. Over WebSocket the connection itself is the session.
 */
export function endableStreams(sessions: Sessions): Plugin<ServerContext> {
  return {
    onSubscribe({ args: { contextValue } }) {
      if (contextValue.transport !== 'http') return
      return {
        onSubscribeResult({ result, setResult }) {
          if (!isAsyncIterable(result)) return
          const { stream, end } = makeEndable(result as AsyncIterable<ExecutionResult>, () => close()) // of a subscription
          const close = sessions.open(contextValue.caller, why => end({ errors: [toError(why)] }))
          setResult(stream)
        },
      }
    },
  }
}

function toError(why: SessionEnd): GraphQLError {
  return why === 'key-ended'
    ? new GraphQLError('The API key was revoked or has expired.', { extensions: { code: 'UNAUTHENTICATED' } })
    : new GraphQLError(new FeedClosedError().message, { extensions: { code: 'SERVER_STOPPING' } })
}

/** The same stream, until `end` is called: it then gives `last` and is over. `onClose` is called once, at any end. */
function makeEndable<T>(
  source: AsyncIterable<T>,
  onClose: () => void,
): { stream: AsyncGenerator<T, void, undefined>; end(last: T): void } {
  const iterator = source[Symbol.asyncIterator]()
  const over = { done: true, value: undefined } as const
  let isOver = false
  let last: { value: T } | undefined
  let wake: (() => void) | undefined

  function finish(): void {
    if (isOver) return
    isOver = true
    onClose()
    wake?.()
  }

  function takeLast(): IteratorResult<T, void> {
    if (!last) return over
    const { value } = last
    last = undefined
    return { done: false, value }
  }

  async function next(): Promise<IteratorResult<T, void>> {
    if (isOver) return takeLast()
    const woken = new Promise<void>(resolve => {
      wake = resolve
    })
    try {
      const result = await Promise.race([iterator.next(), woken])
      if (isOver || !result) return takeLast()
      if (!result.done) return result
      finish()
      return over
    } catch (error) {
      finish()
      throw error
    } finally {
      wake = undefined
    }
  }

  async function leave(): Promise<IteratorResult<T, void>> {
    finish()
    await iterator.return?.()
    return over
  }

  const stream: AsyncGenerator<T, void, undefined> = {
    next,
    return: leave,
    async throw(error) {
      await leave()
      throw error
    },
    [Symbol.asyncIterator]: () => stream,
  }
  return {
    stream,
    end(value) {
      if (isOver) return
      last = { value }
      finish()
      iterator.return?.().catch(() => {}) // its reader has its answer
    },
  }
}
