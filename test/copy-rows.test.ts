import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CopiedRow } from '../src/copy-rows.ts'
import { type SqlStatement, sql } from '../src/sql.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

const copy = (statement: SqlStatement): Promise<CopiedRow[]> => database.db.transaction(tx => tx.copy(statement))

describe('rows as bytes', () => {
  it('are what the statement gives for its values, whatever is in them', async () => {
    const text = "it's a \\ back$1slash,\n\ttab, 'é' and 💥"
    const [row = []] = await copy(sql`select ${text}::text, ${-7}::int, ${null}::text, ${12n}::text, ''`)
    const [said, number, nothing, big, empty] = row
    expect(said?.toString()).toBe(text)
    expect(number?.readInt32BE()).toBe(-7)
    expect(nothing).toBeNull()
    expect(big?.toString()).toBe('12')
    expect(empty?.length).toBe(0)
  })

  it('are all there, in their order, however many messages they come in', async () => {
    const rows = await copy(sql`select n, repeat(chr(96 + n % 26), n % 9000) from generate_series(1, 5000) as n`)
    expect(rows).toHaveLength(5_000)
    const isRight = ([number, text]: CopiedRow, index: number) => {
      const n = index + 1
      return number?.readInt32BE() === n && text?.toString() === String.fromCharCode(96 + (n % 26)).repeat(n % 9_000)
    }
    expect(rows.every(isRight)).toBe(true)
  })

  it('are none for a statement that gives none', async () => {
    expect(await copy(sql`select 1 where false`)).toEqual([])
  })

  it('fail with the statement, and leave the connection as it was', async () => {
    await expect(copy(sql`select 1 / (n - 3000) from generate_series(1, 5000) as n`)).rejects.toThrow(
      'division by zero',
    )
    await expect(copy(sql`select ${[1, 2]}::int[]`)).rejects.toThrow(TypeError)
    expect(await copy(sql`select 1`)).toHaveLength(1)
  })
})
