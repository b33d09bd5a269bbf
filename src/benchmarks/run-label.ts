import { type BenchmarkName, benchmarkNames } from './benchmark.ts'

/** The batch label of a run's jobs. */
export function toRunLabel(benchmark: BenchmarkName, fingerprint: string): string {
  return `bench/${benchmark}/${fingerprint}`
}

/** The label of a run that is named by its label, or by its fingerprint alone. */
export function completeRunLabel(benchmark: BenchmarkName, named: string): string {
  return /^[0-9a-f]{12}$/.test(named) ? toRunLabel(benchmark, named) : named
}

/** What a run's label says; null for any other batch label. */
export function parseRunLabel(label: string): { benchmark: BenchmarkName; fingerprint: string } | null {
  const [, name, fingerprint] = /^bench\/([a-z]+)\/([0-9a-f]{12})$/.exec(label) ?? []
  const benchmark = benchmarkNames.find(known => known === name)
  return benchmark && fingerprint ? { benchmark, fingerprint } : null
}
