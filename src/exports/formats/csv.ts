import { stringify } from 'csv-stringify/sync'
import { type Cell, columnsOf, isPicture, rowsOf } from '../columns.ts'
import type { ExportFormat } from '../export-format.ts'
import { toReadme } from '../readme.ts'
import { writeLines } from './lines.ts'

/** A table (RFC 4180, UTF-8, a heading): a row a step or pair, of trajectories a row a round. Pictures are their paths. */
export const csv: ExportFormat = {
  name: 'CSV',
  kinds: ['TRAJECTORY', 'STEP', 'PAIR'],
  pictures: ['INCLUDED', 'NAMED', 'LINKED'],
  subset: null,
  takesLines: false,
  usesTemplate: false,
  limits: { samples: 100_000, bytes: 256_000_000 },
  shardPath: (split, number) => `${split}-${String(number).padStart(5, '0')}.csv`,
  open(sink, { place }) {
    const lines = writeLines(sink)
    let isBegun = false
    const toText = (cell: Cell) => (isPicture(cell) ? place(cell) : typeof cell === 'boolean' ? String(cell) : cell)
    return {
      async add(item) {
        if ('line' in item) return false
        if (!isBegun) await lines.add(stringify([columnsOf(item.content.kind).map(({ name }) => name)], { eof: false }))
        isBegun = true
        await lines.add(
          stringify(
            rowsOf(item).map(row => row.map(toText)),
            { eof: false },
          ),
        )
        return true
      },
      byteSize: lines.byteSize,
      end: lines.end,
    }
  },
  describe: summary => {
    const names = columnsOf(summary.kind).map(({ name }) => `\`${name}\``)
    const what = summary.kind === 'TRAJECTORY' ? 'A row is a round of a trajectory' : 'A row is a sample'
    const text = toReadme(summary, [
      `${what}; an empty cell is a value that is not there. Columns: ${names.join(', ')}.`,
      'Cells are as they are stored: a spreadsheet may take a text that begins with `=` for a formula.',
    ])
    return [{ path: 'README.md', text }]
  },
}
