import { randomBytes } from 'node:crypto'
import type { Db } from './db.ts'
import { sql } from './sql.ts'

/** What signs links and cursors: SECRET where it is set, else one made once and kept in the database. */
export async function loadSecret(db: Db, secret: string | null): Promise<string> {
  if (secret !== null) return secret
  await db.query(sql`
    insert into setting (name, value) values ('secret', ${randomBytes(32).toString('base64url')})
    on conflict (name) do nothing`)
  const { rows } = await db.query<{ value: string }>(sql`select value from setting where name = 'secret'`)
  const kept = rows[0]?.value
  if (!kept) throw new Error('The secret that was just written is not there.')
  return kept
}
