import { expect } from 'vitest'
import { EngineError } from '../../workers/engines/engine.ts'

/** The EngineError that the call ends in, with nothing of the fake's bodies or URLs in it; throws when it ends otherwise. */
export async function failureOf(work: Promise<unknown>): Promise<EngineError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof EngineError)) throw new Error(`Expected an EngineError, got ${String(error)}`)
  expect(error.message).not.toMatch(/secret|127\.0\.0\.1|<html>|http:/)
  return error
}
