// Hugging Face ImageFolder: a folder a split with metadata.jsonl in it. A column whose name ends in `_file_name` is a picture,
// by its path below that folder, and is read as a column without that ending.

import { columnsOf, isPicture, rowsOf } from '../columns.ts'
import { toDatasetCard } from '../dataset-card.ts'
import type { ExportFormat } from '../export-format.ts'
import { writeLines } from './lines.ts'

/** Rows without an edited picture (rounds that failed) are left out, and so is a sample of which no row is left. */
export const imagefolder: ExportFormat = {
  name: 'IMAGEFOLDER',
  kinds: ['STEP', 'PAIR', 'TRAJECTORY'],
  pictures: ['INCLUDED'],
  subset: null,
  takesLines: false,
  usesTemplate: false,
  limits: null, // the loader takes one such file a folder
  shardPath: split => `${split}/metadata.jsonl`,
  open(sink, { place, split }) {
    const lines = writeLines(sink)
    const folder = `${split}/`
    return {
      async add(item) {
        if ('line' in item) return false
        const columns = columnsOf(item.content.kind)
        const result = columns.findIndex(({ name }) => name === 'edited' || name === 'chosen')
        const rows = rowsOf(item).filter(row => row[result] !== null)
        for (const row of rows) {
          const entries = row.map((cell, index) => {
            const { name = '', type } = columns[index] ?? {}
            if (type !== 'picture') return [name, cell]
            return [
              `${name}_file_name`,
              cell !== null && isPicture(cell) ? place(cell, folder).slice(folder.length) : null,
            ]
          })
          await lines.add(JSON.stringify(Object.fromEntries(entries)))
        }
        return rows.length > 0
      },
      byteSize: lines.byteSize,
      end: lines.end,
    }
  },
  describe: summary => [
    {
      path: 'README.md',
      text: toDatasetCard(summary, {
        columns: columnsOf(summary.kind),
        paths: split => `${split}/**`,
        loader: 'imagefolder',
      }),
    },
  ],
}
