import { expect } from 'vitest'
import type { Decision } from '../../src/loop/decide.ts'
import type { LoopState } from '../../src/loop/round.ts'

/** How a run ended; null: it goes on with an edit. */
export type End = [status: string, stopReason: string, bestRoundId: string | null] | null

/** A sentence, what of the state it is about, and the end it must lead to. */
export type EndCase = [string, Partial<LoopState>, End]

export function expectEnd(decision: Decision, end: End) {
  if (end === null) return expect(decision.type).toBe('edit')
  const [status, stopReason, bestRoundId] = end
  expect(decision).toEqual({ type: 'finish', status, stopReason, bestRoundId })
}
