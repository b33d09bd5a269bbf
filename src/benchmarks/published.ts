// What the paper prints (EditThinker, arXiv 2512.05965v1, tables 1 to 8), to be shown beside one's own numbers. As printed,
// where a table contradicts its own parts too: see `doubts`.

import type { BenchmarkName } from './benchmark.ts'

/** A row of a published table: values by the names of the scores (see BenchmarkScores.table), those it leaves out not there. */
export type PublishedRow = {
  benchmark: BenchmarkName
  table: number
  /** The editor or model as it is printed; ‡: measured by the paper's authors themselves. */
  model: string
  /** What is added to the editor named in `model`; null: nothing. */
  thinker: string | null
  values: Record<string, number>
  /** Values that other values of the same row do not bear out, by score: what they come to. */
  doubts?: Record<string, number>
}

type Printed = readonly [model: string, ...values: (number | null)[]]

const editThinker = 'EditThinker-8B'
const expert = 'EditThinker-Expert-GPT4.1'

// Type scores of ImgEdit, its overall score, then G_SC, G_PQ and G_O of GEdit-EN.
const table1: Printed[] = [
  ['IP2P', 2.45, 1.83, 1.44, 2.01, 1.5, 1.44, 3.55, 1.2, 1.46, 1.88, 3.58, 5.49, 3.68],
  ['AnyEdit', 3.18, 2.95, 1.88, 2.47, 2.23, 2.23, 2.85, 1.56, 2.65, 2.45, 3.18, 5.82, 3.21],
  ['UltraEdit', 3.44, 2.81, 2.13, 2.96, 1.45, 2.86, 3.76, 1.91, 2.98, 2.7, null, null, null],
  ['OmniGen', 3.47, 3.04, 1.71, 2.94, 2.43, 3.21, 4.19, 2.24, 3.38, 2.96, 5.96, 5.89, 5.06],
  ['Step1X-Edit', 3.88, 3.14, 1.76, 3.4, 2.41, 3.16, 4.63, 2.64, 2.52, 3.06, 7.66, 7.35, 6.97],
  ['ICEdit', 3.58, 3.39, 1.73, 3.15, 2.93, 3.08, 3.84, 2.04, 3.68, 3.05, null, null, null],
  ['BAGEL', 3.56, 3.31, 1.7, 3.3, 2.62, 3.24, 4.49, 2.38, 4.17, 3.2, 7.36, 6.83, 6.52],
  ['OmniGen2', 3.57, 3.06, 1.77, 3.74, 3.2, 3.57, 4.81, 2.52, 4.68, 3.44, 7.16, 6.77, 6.41],
  ['Ovis-U1', 4.13, 3.62, 2.98, 4.45, 4.06, 4.22, 4.69, 3.45, 4.61, 4.0, null, null, 6.42],
  ['FluxKontext dev', 3.76, 3.45, 2.15, 3.98, 2.94, 3.78, 4.38, 2.96, 4.26, 3.52, 6.52, 7.38, 6.0],
  ['UniWorld-V2', 4.29, 4.44, 4.32, 4.69, 4.72, 4.41, 4.91, 3.83, 4.83, 4.49, 8.39, 8.02, 7.83],
  ['GPT-4o', 4.61, 4.33, 2.9, 4.35, 3.66, 4.57, 4.93, 3.96, 4.89, 4.2, null, null, 7.49],
  ['OmniGen2‡', 3.91, 3.23, 2.03, 2.84, 3.11, 3.94, 4.59, 2.76, 4.69, 3.41, 6.47, 7.04, 6.03],
  ['OmniGen2‡ + 8B', 3.68, 2.9, 3.14, 2.83, 3.16, 3.88, 4.62, 2.35, 4.48, 3.52, 6.59, 7.16, 6.28],
  ['OmniGen2‡ + GPT', 4.21, 3.28, 3.04, 3.8, 3.39, 4.16, 4.61, 2.97, 3.39, 3.81, 7.34, 7.24, 6.78],
  ['FLUX.1-Kontext-dev‡', 3.83, 3.55, 2.18, 3.91, 2.74, 3.79, 4.42, 2.82, 4.18, 3.44, 6.62, 7.61, 6.18],
  ['FLUX.1-Kontext-dev‡ + 8B', 3.82, 3.8, 3.52, 4.09, 3.88, 4.09, 4.52, 3.21, 4.44, 3.98, 7.59, 7.63, 7.02],
  ['FLUX.1-Kontext-dev‡ + GPT', 4.08, 4.01, 3.45, 4.44, 3.75, 4.19, 4.59, 3.73, 4.57, 4.13, 7.83, 7.66, 7.19],
  ['Qwen-Image-Edit‡', 4.59, 4.32, 3.79, 4.57, 3.86, 4.54, 4.83, 3.85, 4.7, 4.36, 8.01, 7.87, 7.49],
  ['Qwen-Image-Edit‡ + 8B', 4.23, 4.43, 4.24, 4.2, 4.21, 4.44, 4.76, 3.91, 4.68, 4.4, 8.3, 7.86, 7.73],
  ['Qwen-Image-Edit‡ + GPT', 4.47, 4.27, 4.18, 4.58, 4.59, 4.55, 4.81, 3.72, 4.77, 4.49, 8.57, 7.86, 7.9],
]

// Accuracy in % of RISE: temporal, causal, spatial, logical, overall.
const table2: Printed[] = [
  ['Seedream-4.0', 12.9, 12.2, 11.0, 7.1, 10.8],
  ['GPT-Image-1', 34.1, 32.2, 37.0, 10.6, 28.9],
  ['Gemini-2.5-Flash-Image', 25.9, 47.8, 37.0, 18.8, 32.8],
  ['Step1X-Edit', 0.0, 2.2, 2.0, 3.5, 1.9],
  ['Ovis-U1', 1.2, 3.3, 4.0, 2.4, 2.8],
  ['FLUX.1-Kontext-Dev', 2.3, 5.5, 13.0, 1.2, 5.8],
  ['BAGEL', 2.4, 5.6, 14.0, 1.2, 6.1],
  ['Qwen-Image-Edit', 4.7, 10.0, 17.0, 2.4, 8.9],
  ['BAGEL (w/ CoT)', 5.9, 17.8, 21.0, 1.2, 11.9],
  ['OmniGen2‡', 2.4, 1.1, 7.0, 1.2, 3.1],
  ['OmniGen2‡ + 8B', 4.7, 7.8, 5.0, 3.5, 3.4],
  ['OmniGen2‡ + GPT', 17.6, 8.9, 8.0, 2.4, 9.2],
  ['FLUX.1-Kontext-dev‡', 2.3, 5.5, 13.0, 1.2, 5.8],
  ['FLUX.1-Kontext-dev‡ + 8B', 11.8, 17.8, 20.0, 7.1, 14.4],
  ['FLUX.1-Kontext-dev‡ + GPT', 16.5, 24.4, 33.0, 5.9, 20.6],
  ['Qwen-Image-Edit‡', 4.7, 10.0, 17.0, 2.4, 8.9],
  ['Qwen-Image-Edit‡ + 8B', 10.8, 23.3, 27.0, 8.2, 17.8],
  ['Qwen-Image-Edit‡ + GPT', 25.9, 32.2, 40.0, 9.4, 27.5],
]

// KRIS: attribute, spatial, factual; social, natural, conceptual; logical, instruction, procedural; overall. Without temporal.
const table7: Printed[] = [
  ['OmniGen2‡', 60.21, 54.67, 58.73, 53.6, 46.76, 48.42, 37.67, 56.67, 45.84, 50.52],
  ['OmniGen2‡ + 8B', 62.18, 53.92, 59.98, 61.5, 49.9, 52.71, 37.04, 58.78, 46.43, 53.09],
  ['OmniGen2‡ + GPT', 65.55, 56.83, 63.22, 63.35, 55.26, 57.22, 44.38, 60.44, 51.26, 57.34],
  ['FLUX.1-Kontext-dev‡', 71.12, 67.25, 70.09, 56.6, 58.91, 58.35, 56.75, 63.72, 59.75, 61.81],
  ['FLUX.1-Kontext-dev‡ + 8B', 77.82, 65.5, 73.73, 73.44, 69.04, 70.09, 62.29, 65.33, 63.6, 69.53],
  ['FLUX.1-Kontext-dev‡ + GPT', 81.03, 74.67, 79.33, 77.6, 74.98, 75.62, 71.38, 65.5, 68.86, 74.93],
  ['Qwen-Image-Edit‡', 72.73, 73.33, 72.89, 63.5, 60.4, 61.15, 57.47, 67.97, 61.7, 64.43],
  ['Qwen-Image-Edit‡ + 8B', 78.48, 73.83, 77.24, 76.2, 70.69, 72.02, 65.23, 66.89, 65.94, 71.91],
  ['Qwen-Image-Edit‡ + GPT', 83.7, 76.08, 81.67, 81.99, 80.53, 80.91, 71.94, 76.07, 73.4, 79.34],
]
const table7Overall: Printed[] = [
  ...([
    ['Doubao', 60.7],
    ['Step 3o vision', 61.43],
    ['Gemini 2.0', 62.41],
    ['GPT-4o', 80.09],
  ] as Printed[]),
  ...([
    ['InstructPix2Pix', 22.82],
    ['OmniGen', 28.85],
    ['MagicBrush', 37.15],
    ['AnyEdit', 38.55],
  ] as Printed[]),
  ...([
    ['Emu2', 39.7],
    ['Step1X-Edit', 43.29],
    ['HiDream-E1', 44.72],
    ['ByteMorph', 44.85],
  ] as Printed[]),
  ...([
    ['FLUX.1 Kontext', 49.54],
    ['OmniGen2', 49.71],
    ['UniWorld-V1', 50.27],
    ['BAGEL', 56.21],
  ] as Printed[]),
  ...([
    ['Step1X-Edit v1.1', 51.59],
    ['BAGEL-Think', 60.18],
    ['Uni-CoT', 68.0],
  ] as Printed[]),
]

const imgeditNames = [
  'add',
  'adjust',
  'extract',
  'replace',
  'remove',
  'background',
  'style',
  'compose',
  'action',
  'overall',
]
const geditNames = ['semantic', 'quality', 'overall']
const riseNames = ['temporal_reasoning', 'causal_reasoning', 'spatial_reasoning', 'logical_reasoning', 'overall']
const krisNames = [
  ...[
    'attribute',
    'spatial',
    'factual',
    'social',
    'natural',
    'conceptual',
    'logical',
    'instruction',
    'procedural',
    'overall',
  ],
]

/** What the parts of a row come to where the row says something else, by more than its rounding. */
const doubts: Partial<Record<BenchmarkName, Record<string, Record<string, number>>>> = {
  rise: {
    'OmniGen2‡ + 8B': { overall: 5.3 },
    'Qwen-Image-Edit‡ + 8B': { temporal_reasoning: 10.6 },
  },
  kris: {
    'OmniGen2‡ + 8B': { procedural: 46.36 },
    'FLUX.1-Kontext-dev‡ + 8B': { factual: 74.53, overall: 69.67 },
    'Qwen-Image-Edit‡': { procedural: 61.97 },
    'Qwen-Image-Edit‡ + GPT': { procedural: 73.71 },
  },
}

/** Everything that the tables of results (1, 2, 7) print, in their order. */
export const published: readonly PublishedRow[] = [
  ...table1.map(row => toRow('imgedit', 1, row, ['', ...imgeditNames])),
  ...table1.map(row => toRow('gedit', 1, row, [...Array<string>(1 + imgeditNames.length).fill(''), ...geditNames])),
  ...table2.map(row => toRow('rise', 2, row, ['', ...riseNames])),
  ...table7.map(row => toRow('kris', 7, row, ['', ...krisNames])),
  ...table7Overall.map(row => toRow('kris', 7, row, ['', 'overall'])),
].filter(({ values }) => Object.keys(values).length > 0)

/** `names`: of the score in each place of the row, '' for what is no score of this benchmark. */
function toRow(benchmark: BenchmarkName, table: number, row: Printed, names: readonly string[]): PublishedRow {
  const [printed] = row
  const [model = printed, added] = printed.split(' + ')
  const thinker = added === '8B' ? editThinker : added === 'GPT' ? expert : null
  const values = names.flatMap((name, at) => (name !== '' && typeof row[at] === 'number' ? [[name, row[at]]] : []))
  const doubt = doubts[benchmark]?.[printed]
  return {
    ...{ benchmark, table, model, thinker, values: Object.fromEntries(values) },
    ...(doubt && { doubts: doubt }),
  }
}
