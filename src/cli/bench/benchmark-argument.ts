import { Argument } from 'commander'
import { benchmarkNames } from '../../benchmarks/benchmark.ts'

/** The argument of a command that names a benchmark. */
export function benchmarkArgument(): Argument {
  return new Argument('<benchmark>', 'which').choices(benchmarkNames)
}
