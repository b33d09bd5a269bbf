import type { Logger } from 'pino'
import type { Db } from '../src/db.ts'
import { takeAbandoned } from '../src/queue/record-submission.ts'
import type { PoolEndpoint } from './pool-endpoint.ts'

/**
 * Tells the provider of a canceled task that no worker held to stop, through the endpoints of its queue; of all workers
 * that hear of it one does. As good as can be: where that one is killed or has no key for that provider, it goes on there.
 */
export async function cancelAbandoned(
  db: Db,
  { taskId, endpoints, log }: { taskId: string; endpoints: readonly PoolEndpoint[]; log: Logger },
): Promise<void> {
  const editors = endpoints.flatMap(({ engine: { editor } }) => (editor?.cancel ? [editor] : []))
  if (editors.length === 0) return
  try {
    const remote = await takeAbandoned(db, taskId)
    if (remote !== null) await Promise.all(editors.map(editor => editor.cancel?.(remote)))
  } catch (error) {
    log.warn({ err: error, taskId }, 'a canceled edit could not be stopped at its provider')
  }
}
