import type { Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import type { Decision } from '../loop/decide.ts'
import { finishIfStopped, finishJob, type JobFailure } from './finish-job.ts'
import type { JobRow } from './job-row.ts'
import { type LoadedState, loadState } from './load-state.ts'
import { planWrites, writePlan } from './plan-writes.ts'

/**
 * What follows a stage: asks the loop and carries its decision out, in the transaction that ended the stage. A job that
 * is stopping plans nothing and ends with its last leased task. Returns the events to append after the stage's own.
 */
export async function advanceJob(
  tx: Tx,
  job: JobRow,
  decide: (state: LoadedState) => Decision,
  failure?: JobFailure,
): Promise<NewEvent[]> {
  if (job.stoppingFor !== null) {
    const finished = await finishIfStopped(tx, job)
    return finished === null ? [] : [finished]
  }
  const state = await loadState(tx, job)
  const decision = decide(state)
  switch (decision.type) {
    case 'wait':
      return []
    case 'finish':
      return [await finishJob(tx, job, state, decision, failure)]
    case 'polish':
    case 'critiqueSource':
    case 'edit': {
      const imageOf = (roundId: string) => state.rounds.find(round => round.id === roundId)?.imageId ?? null
      await writePlan(tx, planWrites({ job, isFirst: false, imageOf }, decision))
      return []
    }
    default:
      return decision satisfies never
  }
}
