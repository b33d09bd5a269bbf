// Parquet row group by row group, so that a file needs the memory of one.

import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { Sink } from './export-format.ts'

/** A column at the top; `isPlain`: bytes that are compressed already, such as pictures, neither compressed nor indexed again. */
export type ParquetColumn = { name: string; schema: SchemaElement[]; isPlain?: boolean }

const GROUP_ROWS = 1_000
// Groups of pictures end earlier: a group is in memory as a whole, more than once.
const GROUP_BYTES = 16_000_000

/** A parquet file in the writing; `bytes`: about how many the row's cells take. */
export type ParquetFile = {
  add(row: readonly unknown[], bytes: number): Promise<void>
  byteSize(): number
  end(): Promise<void>
}

/** Writes rows whose cells are in the order of the columns; null is a cell that is not there. */
export function packParquet(sink: Sink, columns: readonly ParquetColumn[]): ParquetFile {
  const bytes = new ByteWriter()
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap(column => column.schema)]
  const parquet = new ParquetWriter({ writer: bytes, schema, createdBy: 'pentimento' })
  let rows: (readonly unknown[])[] = []
  let groupBytes = 0
  let byteSize = 0

  async function flush(): Promise<void> {
    const made = bytes.getBytes().slice()
    bytes.index = 0 // the offsets in the file are counted apart
    await sink.write(made)
  }

  async function endGroup(): Promise<void> {
    if (rows.length === 0) return
    const columnData = columns.map(({ name, isPlain }, index) => ({
      name,
      data: rows.map(row => row[index]),
      ...(isPlain && { codec: 'UNCOMPRESSED' as const, encoding: 'PLAIN' as const, statistics: false }),
    }))
    const rowGroupSize = rows.length
    rows = []
    groupBytes = 0
    await parquet.write({ columnData, rowGroupSize })
    await flush()
  }

  return {
    async add(row, rowBytes) {
      rows.push(row)
      groupBytes += rowBytes
      byteSize += rowBytes
      if (rows.length >= GROUP_ROWS || groupBytes >= GROUP_BYTES) await endGroup()
    },
    byteSize: () => byteSize,
    async end() {
      await endGroup()
      await parquet.finish()
      await flush()
    },
  }
}

/** The schema of a column of plain values. */
export function plainSchema(name: string, valueType: 'string' | 'float64' | 'int32' | 'bool'): SchemaElement[] {
  const repetition_type = 'OPTIONAL'
  switch (valueType) {
    case 'string':
      return [{ name, repetition_type, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } }]
    case 'float64':
      return [{ name, repetition_type, type: 'DOUBLE' }]
    case 'int32':
      return [{ name, repetition_type, type: 'INT32' }]
    case 'bool':
      return [{ name, repetition_type, type: 'BOOLEAN' }]
  }
  valueType satisfies never
}

/** A group of columns under one name. */
export function structSchema(name: string, members: SchemaElement[][]): SchemaElement[] {
  return [{ name, repetition_type: 'OPTIONAL', num_children: members.length }, ...members.flat()]
}

/** A list whose items are what `item` says; its first element must be named `element`. */
export function listSchema(name: string, item: SchemaElement[]): SchemaElement[] {
  return [
    { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...item,
  ]
}

/** Hugging Face's form of a picture: its bytes and a name. */
export function pictureSchema(name: string): SchemaElement[] {
  return structSchema(name, [
    [{ name: 'bytes', repetition_type: 'OPTIONAL', type: 'BYTE_ARRAY' }],
    plainSchema('path', 'string'),
  ])
}
