import pg from 'pg'
import { inject } from 'vitest'

/**
 * Throws the sessions of this database out that `which` (a condition on pg_stat_activity) names, and lets nobody connect
 * until `restore`: an outage for everybody else.
 */
export async function cutOffDatabase(url: string, which: string): Promise<{ restore(): Promise<void> }> {
  const name = new URL(url).pathname.slice(1)
  const client = new pg.Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  await client.query(`alter database "${name}" connection limit 0`)
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and (${which})`, [name])
  return {
    async restore() {
      await client.query(`alter database "${name}" connection limit -1`)
      await client.end()
    },
  }
}
