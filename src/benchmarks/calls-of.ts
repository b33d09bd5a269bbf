import type { CallName } from './answers.ts'
import type { BenchmarkItem, BenchmarkName } from './benchmark.ts'
import { findKrisGroup } from './kris-categories.ts'

/** The calls that are made for an item, in their order. */
export function callsOf(benchmark: BenchmarkName, item: Pick<BenchmarkItem, 'taskType' | 'facts'>): CallName[] {
  switch (benchmark) {
    case 'gedit':
      return ['semantic', 'quality']
    case 'imgedit':
      return ['rating']
    case 'kris':
      return ['consistency', findKrisGroup(item.taskType)?.isKnowledgeScored ? 'dual' : 'instruction', 'quality']
    case 'rise': {
      const isLogical = item.taskType === 'logical_reasoning'
      // The script asks nothing of an item that says anything here, "false" too.
      const isConsistencyAsked = (item.facts.consistencyFree ?? null) === null
      return [
        ...(isConsistencyAsked ? ['consistency' as const] : []),
        'reasoning',
        ...(isLogical ? [] : ['plausibility' as const]),
      ]
    }
  }
  benchmark satisfies never
  return []
}
