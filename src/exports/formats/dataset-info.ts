import type { ExportSummary } from '../export-format.ts'

/** The name of a split's data set in dataset_info.json. */
export function datasetName({ dataset }: Pick<ExportSummary, 'dataset'>, split: string): string {
  return `${dataset.name}_v${dataset.version}_${split}`
}

/** LLaMA-Factory's dataset_info.json: one data set a split, which is a folder of files. */
export function toDatasetInfo(
  summary: ExportSummary,
  columns: { messages: string; images: string; chosen?: string; rejected?: string },
): string {
  const entries = summary.splits.map(({ split }) => [
    datasetName(summary, split),
    {
      file_name: split,
      formatting: 'sharegpt',
      ...(columns.chosen !== undefined && { ranking: true }),
      columns,
      tags: {
        role_tag: 'role',
        content_tag: 'content',
        user_tag: 'user',
        assistant_tag: 'assistant',
        system_tag: 'system',
      },
    },
  ])
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}
