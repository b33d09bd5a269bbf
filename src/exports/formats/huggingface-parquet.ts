// Parquet as `datasets` writes it: pictures as structs of bytes and path, files of about 100 MB, and a dataset card that says
// which columns are pictures.

import { columnsOf, isPicture, rowsOf } from '../columns.ts'
import { toDatasetCard } from '../dataset-card.ts'
import type { ExportFormat, SampleKind } from '../export-format.ts'
import { type ParquetColumn, packParquet, pictureSchema, plainSchema } from '../pack-parquet.ts'
import { picturePath } from '../picture-path.ts'

/** `load_dataset("<folder>")` reads it; of trajectories a row is a round. */
export const huggingfaceParquet: ExportFormat = {
  name: 'HUGGINGFACE_PARQUET',
  kinds: ['STEP', 'PAIR', 'TRAJECTORY'],
  pictures: ['INCLUDED', 'NAMED'],
  subset: null,
  takesLines: false,
  usesTemplate: false,
  limits: { samples: 100_000, bytes: 100_000_000 },
  shardPath: (split, number) => `data/${split}-${String(number).padStart(5, '0')}.parquet`,
  open(sink, { kind, load, options }) {
    const file = packParquet(sink, toParquetColumns(kind))
    return {
      async add(item) {
        if ('line' in item) return false
        for (const row of rowsOf(item)) {
          let size = 0
          const cells = await Promise.all(
            row.map(async cell => {
              if (cell === null || !isPicture(cell)) {
                size += typeof cell === 'string' ? Buffer.byteLength(cell) : 8
                return cell
              }
              const bytes = options.pictures === 'INCLUDED' ? await load(cell) : null
              size += bytes?.length ?? 0
              return { bytes, path: picturePath(cell) }
            }),
          )
          await file.add(cells, size)
        }
        return true
      },
      byteSize: file.byteSize,
      end: file.end,
    }
  },
  describe: summary => [
    {
      path: 'README.md',
      text: toDatasetCard(summary, {
        columns: columnsOf(summary.kind),
        paths: split => `data/${split}-*.parquet`,
        loader: 'parquet',
      }),
    },
  ],
}

function toParquetColumns(kind: SampleKind): ParquetColumn[] {
  return columnsOf(kind).map(({ name, type }) =>
    type === 'picture'
      ? { name, schema: pictureSchema(name), isPlain: true }
      : { name, schema: plainSchema(name, type) },
  )
}
