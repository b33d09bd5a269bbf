import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Heartbeat, startHeartbeat } from '../workers/heartbeat.ts'
import { silentLog } from './support/silent-log.ts'

let heartbeat: Heartbeat
let beats = 0
let beatMs = 0

beforeEach(async () => {
  vi.useFakeTimers()
  beats = 0
  beatMs = 0
  const beat = async () => {
    if (beatMs > 0) await new Promise(resolve => setTimeout(resolve, beatMs))
    beats++
  }
  heartbeat = await startHeartbeat({ beat, onCut: () => {}, log: silentLog, everyMs: 3_000 })
})
afterEach(async () => {
  await heartbeat.stop()
  vi.useRealTimers()
})

const beatsAfter = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  return beats
}

test('a heartbeat comes every three seconds', async () => {
  expect(await beatsAfter(2_900)).toBe(1)
  expect(await beatsAfter(200)).toBe(2)
})

test('a hurried one comes within a second, once for all who asked, and the next at its usual distance', async () => {
  await vi.advanceTimersByTimeAsync(100)
  for (let i = 0; i < 50; i++) heartbeat.hurry()
  expect(await beatsAfter(390)).toBe(1)
  expect(await beatsAfter(300)).toBe(2)
  expect(await beatsAfter(2_600)).toBe(2)
  expect(await beatsAfter(500)).toBe(3)
})

test('a hurried one after a long rest comes at once', async () => {
  await vi.advanceTimersByTimeAsync(1_000)
  heartbeat.hurry()
  expect(await beatsAfter(260)).toBe(2)
})

test('one that is asked for during a beat follows it', async () => {
  beatMs = 200
  await vi.advanceTimersByTimeAsync(3_100)
  heartbeat.hurry()
  expect(await beatsAfter(150)).toBe(2)
  expect(await beatsAfter(900)).toBe(3)
})

test('a stopped one is not hurried', async () => {
  await heartbeat.stop()
  heartbeat.hurry()
  expect(await beatsAfter(10_000)).toBe(1)
})
