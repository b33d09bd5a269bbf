import type { JudgedRun } from '../../src/benchmarks/judged-run.ts'

type RunItem = JudgedRun['items'][number]

/** A KRIS item whose rounds were judged with these scores, the same for each metric. */
export function krisRunItem(key: string, scores: readonly number[], best = scores.length): RunItem {
  const written = (metric: string, score: number) =>
    `{"${metric}_score": ${score}, "reasoning": "The door is painted."}`
  return {
    ...{ key, taskType: 'color_change', language: 'en', facts: { category: 'color_change' }, best },
    rounds: scores.map((score, at) => ({
      round: at + 1,
      answers: {
        consistency: written('consistency', score),
        instruction: written('instruction', score),
        quality: written('quality', score),
      },
    })),
  }
}

/** A run of KRIS with these items. */
export function krisRun(items: RunItem[], run: Partial<JudgedRun> = {}): JudgedRun {
  return { benchmark: 'kris', editor: 'flux-kontext-dev', thinker: 'editthinker-8b', judge: 'gpt-4.1', items, ...run }
}
