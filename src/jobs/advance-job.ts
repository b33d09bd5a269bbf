import type { Tx } from '../db.ts'
import type { NewEvent } from '../events/append-event.ts'
import type { Decision } from '../loop/decide.ts'
import { endJob, finishIfStopped, type JobEnd, type JobFailure, toJobEnd } from './finish-job.ts'
import type { JobRow } from './job-row.ts'
import { type LoadedState, loadState } from './load-state.ts'
import { type Plan, planWrites, writePlan } from './plan-writes.ts'

/**
 * What follows a stage whose own result is written: asks the loop and carries its decision out, in the transaction that
 * ended the stage. A job that is stopping plans nothing and ends with its last leased task. Returns the events to append
 * after the stage's own.
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
  const { plan, end } = planNext(job, state, decide(state), failure)
  if (plan !== null) await writePlan(tx, plan)
  return end === null ? [] : [await endJob(tx, job, end)]
}

/** What the loop's decision leaves to be written: new rounds and tasks, or the run's end, or neither. */
export type NextStep = { plan: Plan | null; end: JobEnd | null }

/** Turns a decision into it. Pure but for fresh ids. */
export function planNext(job: JobRow, state: LoadedState, decision: Decision, failure?: JobFailure): NextStep {
  switch (decision.type) {
    case 'wait':
      return { plan: null, end: null }
    case 'finish':
      return { plan: null, end: toJobEnd(state, decision, failure) }
    case 'polish':
    case 'critiqueSource':
    case 'edit': {
      const imageOf = (roundId: string) => state.rounds.find(round => round.id === roundId)?.imageId ?? null
      return { plan: planWrites({ job, isFirst: false, imageOf }, decision), end: null }
    }
    default:
      return decision satisfies never
  }
}
