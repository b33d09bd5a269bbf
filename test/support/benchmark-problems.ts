import { BenchmarkDataError, type DataProblem } from '../../src/benchmarks/errors.ts'

/** What the loading of a benchmark finds wrong; throws when it finds nothing or fails otherwise. */
export async function problemsOf(load: Promise<unknown>): Promise<readonly DataProblem[]> {
  const error = await load.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof BenchmarkDataError)) throw new Error(`Expected a BenchmarkDataError, got ${String(error)}`)
  return error.problems
}
