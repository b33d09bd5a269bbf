// Tables 3 to 6 and 8 of the paper (arXiv 2512.05965v1): GEdit-Bench-EN with FLUX.1-Kontext-dev under other settings.

import type { PublishedRow } from './published.ts'

type Printed = readonly [table: number, thinker: string, semantic: number, quality: number, overall: number]

const rows: Printed[] = [
  [3, 'GPT-4.1, think before edit', 7.34, 7.64, 6.82],
  [3, 'GPT-4.1, think while edit', 7.83, 7.66, 7.19],
  [3, 'GPT-4.1, before and while', 7.75, 7.6, 7.06],
  [4, 'GPT-4.1, 2 rounds', 7.57, 7.55, 6.95],
  [4, 'GPT-4.1, 4 rounds', 7.79, 7.6, 7.13],
  [4, 'GPT-4.1, 6 rounds', 7.85, 7.59, 7.16],
  [4, 'GPT-4.1, 8 rounds', 8.0, 7.61, 7.3],
  [5, 'Qwen3-VL-8B, untrained', 6.7, 7.6, 6.23],
  [5, 'EditThinker-8B, SFT', 7.55, 7.54, 6.93],
  [5, 'EditThinker-8B, SFT and RL', 7.59, 7.63, 7.02],
  [6, 'GPT 4.1', 7.83, 7.66, 7.19],
  [6, 'Gemini 2.5 Pro', 7.76, 7.65, 7.11],
  [6, 'Doubao 1.5', 7.36, 7.59, 6.8],
  [6, 'GPT-4o', 7.65, 7.67, 7.05],
  [8, 'EditThinker-8B, 2 rounds', 7.44, 7.6, 6.9],
  [8, 'EditThinker-8B, 4 rounds', 7.51, 7.6, 6.94],
  [8, 'EditThinker-8B, 6 rounds', 7.57, 7.62, 7.01],
  [8, 'EditThinker-8B, 8 rounds', 7.61, 7.58, 7.03],
]

/** The ablations; their baseline is the row FLUX.1-Kontext-dev‡ of the results. */
export const publishedAblations: readonly PublishedRow[] = rows.map(([table, thinker, semantic, quality, overall]) => ({
  ...{ benchmark: 'gedit', table, model: 'FLUX.1-Kontext-dev‡', thinker, values: { semantic, quality, overall } },
}))
