import { EngineError } from '../../workers/engines/engine.ts'

/** The EngineError that the call ends in; throws when it ends in anything else. */
export async function failureOf(work: Promise<unknown>): Promise<EngineError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof EngineError)) throw new Error(`Expected an EngineError, got ${String(error)}`)
  return error
}
