import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CallLatency, makeCallLatency } from '../workers/call-latency.ts'

const stages = ['EDIT', 'THINK', 'POLISH'] as const
type Call = { stage: (typeof stages)[number]; seconds: number }

function sortedOf(calls: readonly Call[], stage: Call['stage'], kept: number): number[] {
  const last = calls.filter(call => call.stage === stage).slice(-kept)
  return last.map(({ seconds }) => seconds).sort((a, b) => a - b)
}

function latencyAfter(calls: readonly Call[], kept: number): CallLatency {
  const latency = makeCallLatency(kept)
  for (const { stage, seconds } of calls) latency.add(stage, seconds)
  return latency
}

test('the quantiles are those of the last calls of each stage, whatever came before', () => {
  const seconds = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.double({ min: 0.001, max: 600, noNaN: true }))
  const call = fc.record({ stage: fc.constantFrom(...stages), seconds })
  const history = fc.array(call, { maxLength: 200, size: 'max' })
  fc.assert(
    fc.property(history, fc.integer({ min: 20, max: 40 }), (calls, kept) => {
      const latency = latencyAfter(calls, kept)
      const each = stages.map(stage => sortedOf(calls, stage, kept))
      const all = each.flat().sort((a, b) => a - b)
      expect(latency.medianSeconds()).toBe(all[Math.floor(all.length / 2)] ?? null)
      const p95s = each.map(sorted => (sorted.length < 20 ? null : sorted[Math.floor(sorted.length * 0.95)]))
      expect(stages.map(stage => latency.p95Seconds(stage))).toEqual(p95s)
      const known = p95s.filter(value => typeof value === 'number')
      expect(latency.p95Seconds()).toBe(known.length > 0 ? Math.max(...known) : null)
    }),
  )
})

test('nineteen calls tell no p95, and the twentieth is enough', () => {
  const calls = Array.from({ length: 20 }, (_, index) => ({ stage: 'EDIT' as const, seconds: index + 1 }))
  const latency = latencyAfter(calls.slice(1), 64)
  expect([latency.p95Seconds('EDIT'), latency.p95Seconds(), latency.medianSeconds()]).toEqual([null, null, 11])
  latency.add('EDIT', 1)
  expect([latency.p95Seconds('EDIT'), latency.p95Seconds('THINK'), latency.p95Seconds()]).toEqual([20, null, 20])
})
