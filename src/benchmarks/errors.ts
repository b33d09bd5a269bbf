import { DomainError } from '../errors.ts'
import type { BenchmarkItem } from './benchmark.ts'

/** What is wrong with the data of a benchmark; `item`: its id, or the file where no item can be told. */
export type DataProblem = { item: string; problem: string }

const NAMED = 20

/**
 * The folder does not hold the benchmark as its authors publish it. `problems` are all there are; the message names some.
 * `items` are those that nothing is wrong with.
 */
export class BenchmarkDataError extends DomainError {
  readonly problems: readonly DataProblem[]
  readonly items: readonly BenchmarkItem[]
  constructor(problems: readonly DataProblem[], items: readonly BenchmarkItem[]) {
    const lines = problems.slice(0, NAMED).map(({ item, problem }) => `${item}: ${problem}`)
    const more = problems.length > NAMED ? [`and ${problems.length - NAMED} more.`] : []
    super('BENCHMARK_DATA', [...lines, ...more].join('\n'))
    this.problems = problems
    this.items = items
  }
}
