import type { Db, Tx } from '../../src/db.ts'

/** A transaction that stays open until it is told how to end. */
export type OpenTransaction = { tx: Tx; commit(): Promise<void>; rollback(): Promise<void> }

class RolledBack extends Error {}

/** Begins a transaction of `db` and hands it out. */
export async function openTransaction(db: Db): Promise<OpenTransaction> {
  let end: (how?: RolledBack) => void = () => {}
  const ending = new Promise<void>((resolve, reject) => {
    end = how => (how ? reject(how) : resolve())
  })
  let over = Promise.resolve()
  const tx = await new Promise<Tx>((resolve, reject) => {
    over = db.transaction(async begun => {
      await begun.query('set local idle_in_transaction_session_timeout = 0')
      resolve(begun)
      await ending
    })
    over.catch(reject)
  })
  return {
    tx,
    async commit() {
      end()
      await over
    },
    async rollback() {
      end(new RolledBack())
      await over.catch(error => {
        if (!(error instanceof RolledBack)) throw error
      })
    },
  }
}
