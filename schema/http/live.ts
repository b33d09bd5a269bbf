// Subscriptions without one execution a subscriber: a subscriber is a cursor that pulls the next event when its socket
// has taken the last one, and the result for an event is made once for all who asked the same.

import { setTimeout as sleep } from 'node:timers/promises'
import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute, type GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Deps } from '../../src/deps.ts'
import type { EventStream } from '../../src/events/event-stream.ts'
import type { Progress } from '../../src/events/follow-progress.ts'
import type { JobEvent } from '../../src/events/job-event.ts'
import type { TenantEvent } from '../../src/events/tenant-tails.ts'
import type { FinishedTrajectory } from '../../src/trajectories/read-finished.ts'
import { type Context, makeContext } from '../context.ts'
import { makeLiveResults } from './live-results.ts'
import { makeShareKey } from './live-share-key.ts'
import { isTransient, isUnexpected, makeErrorMask } from './mask-error.ts'

type Item = JobEvent | TenantEvent | FinishedTrajectory | Progress<unknown>

export type Live = {
  /** Takes the place of graphql-js' `subscribe`: the same arguments and answers. */
  subscribe(args: ExecutionArgs): Promise<AsyncGenerator<ExecutionResult, void, undefined> | ExecutionResult>
  /** Puts it in the place of Yoga's, for both transports. */
  plugin: Plugin
  /**
   * The stream that `subscribe` gave the operation of this context, without what Yoga wraps around it: that would mask
   * errors which are masked by now, for half the memory that a delivery costs.
   */
  findStream(context: object): AsyncGenerator<ExecutionResult, void, undefined> | null
  countExecutions(): number
}

const ATTEMPTS = 3
const RETRY_MS = 50
const LAST_RETRY_MS = 1_000
const OUTAGE_LIMIT_MS = 60_000

/** The contexts it executes with have the subscriber's tenant and role and nothing of its key. */
export function makeLive(deps: Deps): Live {
  const results = makeLiveResults()
  const mask = makeErrorMask(deps.log)
  const streams = new WeakMap<object, ReturnType<typeof toResults>>()
  let executions = 0

  async function render(args: ExecutionArgs, context: Context, item: Item): Promise<ExecutionResult> {
    const caller = { ...context.caller, keyId: null, keyName: '', expiresAt: null }
    const giveUpAt = Date.now() + OUTAGE_LIMIT_MS
    for (let attempt = 1; ; attempt++) {
      executions++
      const result = await execute({ ...args, rootValue: item, contextValue: makeContext(deps, caller) })
      const faults = result.errors?.filter(isUnexpected) ?? []
      // An event is not lost to an outage of the database: it is shown when that is over.
      const mayPass = faults.some(isTransient) ? Date.now() < giveUpAt : attempt < ATTEMPTS
      if (faults.length === 0 || !mayPass) return masked(result)
      await sleep(Math.min(attempt * RETRY_MS, LAST_RETRY_MS))
    }
  }

  function masked(result: ExecutionResult): ExecutionResult {
    if (!result.errors) return result
    return { ...result, errors: result.errors.map(error => mask(error) as GraphQLError) } // the mask makes no others
  }

  async function subscribe(args: ExecutionArgs) {
    const source = await createSourceEventStream(args)
    if (!isAsyncIterable(source)) return source
    if (!isEventStream(source)) throw new Error('A subscription field gave no EventStream.')
    const context = args.contextValue as Context // of makeContext, as every operation's
    const shareKey = makeShareKey(args, context.caller)
    const show = (item: Item) => {
      const key = keyOf(item)
      const make = () => render(args, context, item)
      return key === null ? make() : results.share(`${shareKey} ${key}`, make)
    }
    const stream = toResults(source, { show, mask })
    streams.set(context, stream)
    return stream
  }

  return {
    subscribe,
    plugin: { onSubscribe: ({ setSubscribeFn }) => setSubscribeFn(subscribe) },
    findStream: context => streams.get(context) ?? null,
    countExecutions: () => executions,
  }
}

type Showing = {
  show(item: Item): Promise<ExecutionResult> | ExecutionResult
  /** What a reader sees of the error that ends its stream. */
  mask(error: unknown): Error
}

/** The results of a stream's events, each made when it is pulled. */
function toResults(
  stream: EventStream<Item>,
  { show, mask }: Showing,
): AsyncGenerator<ExecutionResult, void, undefined> {
  async function next(): Promise<IteratorResult<ExecutionResult, void>> {
    try {
      for (;;) {
        const pulled = await stream.next()
        if (pulled.done) return pulled
        const shown = show(pulled.value)
        const result = shown instanceof Promise ? await shown : shown
        // What the event names may have been deleted since: then it is no event any more.
        if (result.errors && (await stream.isGone(pulled.value))) continue
        return { done: false, value: result }
      }
    } catch (error) {
      throw mask(error)
    }
  }
  const results: AsyncGenerator<ExecutionResult, void, undefined> = {
    next,
    async return() {
      await stream.return()
      return { done: true, value: undefined }
    },
    async throw(error) {
      await stream.return()
      throw error
    },
    [Symbol.asyncIterator]: () => results,
  }
  return results
}

/** Names an event among all; null for one that is said to one reader, and for a state, which each reader reads itself. */
function keyOf(item: Item): string | null {
  if ('progressOf' in item) return null
  const event = 'event' in item ? item.event : item
  return 'type' in event && event.type === 'EVENT_GAP' ? null : `${event.jobId} ${event.seq}`
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return Symbol.asyncIterator in value
}

function isEventStream(value: object): value is EventStream<Item> {
  return 'isGone' in value
}
