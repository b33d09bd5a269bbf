import { isConnectionError } from '../db.ts'

/**
 * Does the work of one item after the other. One that fails keeps none of the others from its turn: the first failure is
 * thrown at the end. An absent database ends it at once.
 */
export async function eachAlone<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  for (const item of items) {
    try {
      await work(item)
    } catch (error) {
      if (isConnectionError(error)) throw error
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
