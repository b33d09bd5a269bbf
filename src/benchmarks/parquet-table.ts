import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'

/** A parquet file with columns of pictures in Hugging Face's form, {bytes, path}. */
export type ParquetTable = {
  columns: readonly string[]
  /** Every row with these columns alone. */
  readRows(columns: readonly string[]): Promise<Record<string, unknown>[]>
  /** Told by the file's statistics where it has any, else by reading the column, a row group at a time. */
  findRowsWithoutPicture(column: string): Promise<Set<number>>
  readPicture(column: string, row: number): Promise<Uint8Array>
}

/** Opens the file and reads what it holds, not its rows. */
export async function openParquet(path: string): Promise<ParquetTable> {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  const groups = toGroups(metadata)
  // utf8: bytes without a text type stay bytes.
  const read = (columns: readonly string[], rowStart: number, rowEnd: number) =>
    parquetReadObjects({ file, metadata, columns: [...columns], rowStart, rowEnd, utf8: false })

  // The parts of a file are compressed as a whole, so the one that was read last is kept: neighbours follow each other.
  let last: { column: string; from: number; pictures: Promise<(Uint8Array | null)[]> } | null = null
  function readGroup(column: string, { from, to }: Group): Promise<(Uint8Array | null)[]> {
    if (last?.column === column && last.from === from) return last.pictures
    const pictures = read([column], from, to).then(rows => rows.map(row => toBytes(row[column])))
    pictures.catch(() => {
      last = null
    })
    last = { column, from, pictures }
    return pictures
  }

  return {
    columns: columnsOf(metadata),
    readRows: columns => read(columns, 0, Number(metadata.num_rows)),
    async findRowsWithoutPicture(column) {
      const found = new Set<number>()
      for (const group of groups) {
        if (group.nullsOf(column) === 0) continue
        const pictures = await readGroup(column, group)
        pictures.forEach((picture, at) => {
          if (picture === null) found.add(group.from + at)
        })
      }
      return found
    },
    async readPicture(column, row) {
      const group = groups.find(({ from, to }) => row >= from && row < to)
      const picture = group ? (await readGroup(column, group))[row - group.from] : null
      if (!picture) throw new Error(`Row ${row} of ${path} has no picture ${column}.`)
      return picture
    },
  }
}

type Group = { from: number; to: number; nullsOf(column: string): number | null }

function toGroups({ row_groups }: FileMetaData): Group[] {
  let from = 0
  return row_groups.map(({ num_rows, columns }) => {
    const start = from
    from += Number(num_rows)
    return {
      ...{ from: start, to: from },
      nullsOf(column) {
        const chunk = columns.find(({ meta_data }) => meta_data?.path_in_schema.join('.') === `${column}.bytes`)
        const nulls = chunk?.meta_data?.statistics?.null_count
        return nulls === undefined ? null : Number(nulls)
      },
    }
  })
}

function columnsOf({ row_groups, schema }: FileMetaData): string[] {
  const [first] = row_groups
  if (!first) return schema.slice(1).map(({ name }) => name)
  return [...new Set(first.columns.flatMap(({ meta_data }) => meta_data?.path_in_schema[0] ?? []))]
}

function toBytes(value: unknown): Uint8Array | null {
  const bytes = typeof value === 'object' && value !== null && 'bytes' in value ? value.bytes : null
  return bytes instanceof Uint8Array && bytes.length > 0 ? bytes : null
}
