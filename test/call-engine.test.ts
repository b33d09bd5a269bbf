import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { callEngine } from '../workers/call-engine.ts'
import { failureOf } from './support/failure-of.ts'

const never = (signal: AbortSignal) => sleep(60_000, undefined, { signal })

const standStill = (ms: number) => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('the deadline of a call', () => {
  it('cuts a call that is not answered in time, and says after how long', async () => {
    const { signal } = new AbortController()
    const startedAt = performance.now()
    const error = await failureOf(callEngine(never, { signal, deadlineMs: () => 700 }))
    expect(error).toMatchObject({ kind: 'failed', code: 'ENGINE_TIMED_OUT' })
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(699)
  })

  it('may come nearer while the call waits', async () => {
    const { signal } = new AbortController()
    let limitMs = 60_000
    const call = failureOf(callEngine(never, { signal, deadlineMs: () => limitMs }))
    limitMs = 1
    expect(await call).toMatchObject({ code: 'ENGINE_TIMED_OUT' })
  })

  it('counts no time in which this process stood still: an answer that came meanwhile is read', async () => {
    const { signal } = new AbortController()
    const call = async (inner: AbortSignal) => {
      await sleep(250)
      standStill(1_500)
      await sleep(20, undefined, { signal: inner }) // what it takes to read an answer that lies there
      return 'read'
    }
    expect(await callEngine(call, { signal, deadlineMs: () => 400 })).toMatchObject({ answer: 'read' })
  })

  it('ends also when this process stands still time and again', async () => {
    const { signal } = new AbortController()
    const stalls = setInterval(() => standStill(80), 1)
    const error = await failureOf(callEngine(never, { signal, deadlineMs: () => 600 })).finally(() =>
      clearInterval(stalls),
    )
    expect(error).toMatchObject({ code: 'ENGINE_TIMED_OUT' })
  })

  it('leaves the call to the signal of its task', async () => {
    const task = new AbortController()
    const call = callEngine(never, { signal: task.signal, deadlineMs: () => 60_000 })
    task.abort(new Error('The lease is lost.'))
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
  })
})
