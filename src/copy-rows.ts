// Rows as bytes, by COPY in its binary format: for texts by the thousand that are passed on as they came. As values of a query
// each would become a string first, which is half the work of passing it on, and memory that waits for the collector.

import pg from 'pg'
import { to } from 'pg-copy-streams'
import type { SqlStatement } from './sql.ts'

/** A row's fields as Postgres sends them in binary: a text is its UTF-8, an int four bytes, big-endian; null is null. */
export type CopiedRow = readonly (Buffer | null)[]

// PGCOPY\n\377\r\n\0, flags, and the length of an extension that no server has: see the manual's page of COPY.
const HEADER_BYTES = 11 + 4 + 4

/** All rows of a read; they share one piece of memory. The values of the statement are texts, numbers, bigints or null. */
export async function copyRows(client: pg.ClientBase, statement: SqlStatement): Promise<CopiedRow[]> {
  const chunks: Buffer[] = []
  const stream = client.query(to(`copy (${inline(statement)}) to stdout (format binary)`))
  for await (const chunk of stream) chunks.push(chunk as Buffer) // a stream of bytes
  return parseRows(Buffer.concat(chunks))
}

function parseRows(bytes: Buffer): CopiedRow[] {
  const rows: CopiedRow[] = []
  for (let at = HEADER_BYTES; ; ) {
    const count = bytes.readInt16BE(at)
    at += 2
    if (count === -1) return rows
    const row: (Buffer | null)[] = []
    for (let n = 0; n < count; n++) {
      const size = bytes.readInt32BE(at)
      at += 4
      row.push(size === -1 ? null : bytes.subarray(at, at + size))
      at += Math.max(size, 0)
    }
    rows.push(row)
  }
}

/** COPY takes no parameters: the values stand in the text, quoted. */
function inline({ text, values }: SqlStatement): string {
  return text.replaceAll(/\$(\d+)/g, (_, number: string) => {
    const value = values[Number(number) - 1]
    if (value === null) return 'null'
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
      return pg.escapeLiteral(String(value))
    }
    throw new TypeError('A value of a COPY is not a text or a number.')
  })
}
