// A dataset card of the Hugging Face Hub: a README.md whose head, YAML, says which files are which split and what the columns are.

import { stringify } from 'yaml'
import type { Column } from './columns.ts'
import type { ExportSummary } from './export-format.ts'
import { toReadme } from './readme.ts'

type CardOptions = { columns: readonly Column[]; paths: (split: string) => string; loader: 'parquet' | 'imagefolder' }

/** The card. An ImageFolder's columns are found by its loader, so they are not declared. */
export function toDatasetCard(summary: ExportSummary, { columns, paths, loader }: CardOptions): string {
  const configs = [
    { config_name: 'default', data_files: summary.splits.map(({ split }) => ({ split, path: paths(split) })) },
  ]
  const features = columns.map(({ name, type }) => ({ name, dtype: type === 'picture' ? 'image' : type }))
  const head = {
    pretty_name: summary.dataset.name,
    configs,
    ...(loader === 'parquet' && { dataset_info: { features } }),
  }
  const command = loader === 'parquet' ? 'load_dataset(".")' : 'load_dataset("imagefolder", data_dir=".")'
  const body = toReadme(summary, [
    `Read it with \`datasets\`, in this folder: \`${command}\`.`,
    ['| column | type |', '| --- | --- |', ...features.map(({ name, dtype }) => `| ${name} | ${dtype} |`)].join('\n'),
  ])
  return `---\n${stringify(head)}---\n\n${body}`
}
