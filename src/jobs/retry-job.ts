import type { Db } from '../db.ts'
import { JobNotFailedError, NotFoundError } from '../errors.ts'
import { appendEvents, type NewEvent } from '../events/append-event.ts'
import { decideRetry, type ResetRound } from '../loop/retry.ts'
import { enqueueTasks } from '../queue/enqueue-tasks.ts'
import { sql } from '../sql.ts'
import { finishJob } from './finish-job.ts'
import { lockJob } from './job-row.ts'
import { loadState } from './load-state.ts'
import { planTask, planWrites, writePlan } from './plan-writes.ts'

/**
 * Lets a FAILED job go on from its last good round as run + 1, with its limits anew: failed rounds are pending again at
 * the stage they failed in, what was made stays. Throws JobNotFailedError, or NotFoundError for a foreign job.
 */
export async function retryJob(db: Db, target: { tenantId: string; jobId: string }): Promise<void> {
  await db.transaction(async tx => {
    const job = await lockJob(tx, target.jobId, target.tenantId)
    if (job === null) throw new NotFoundError('jobId', 'job')
    if (job.status !== 'FAILED') throw new JobNotFailedError(job.status)
    const retried = { ...job, run: job.run + 1, runEditorSeconds: 0, runThinkerTokens: 0, isPastDeadline: false }
    await tx.query(sql`
      update job set status = 'QUEUED', run = ${retried.run}::int, stop_reason = null, finished_at = null,
        best_round_id = null, error_code = null, error_message = null, error_is_retryable = null,
        run_editor_seconds = 0, run_thinker_tokens = 0, cancel_requested_at = null,
        deadline_at = clock_timestamp() + ${job.settings.stop.deadlineSeconds}::float8 * interval '1 second'
      where id = ${job.id}::uuid`)
    const state = await loadState(tx, retried)
    const decision = decideRetry(state)
    const context = {
      job: retried,
      isFirst: true,
      imageOf: (roundId: string) => state.rounds.find(round => round.id === roundId)?.imageId ?? null,
    }
    const events: NewEvent[] = [{ type: 'JOB_RETRIED' }]
    switch (decision.type) {
      case 'reset': {
        const places = await resetRounds(tx, decision.rounds)
        await enqueueTasks(
          tx,
          places.map(({ stage, ...place }) => planTask(context, stage, place)),
        )
        break
      }
      case 'polish':
      case 'critiqueSource':
      case 'edit':
        await writePlan(tx, planWrites(context, decision))
        break
      case 'finish':
        events.push(await finishJob(tx, retried, state, decision))
        break
      case 'wait':
        break
      default:
        decision satisfies never
    }
    await appendEvents(tx, job.id, events)
  })
}

type ResetPlace = { stage: 'EDIT' | 'THINK'; roundIndex: number; candidate: number; roundId: string }

async function resetRounds(tx: Parameters<typeof enqueueTasks>[0], rounds: ResetRound[]): Promise<ResetPlace[]> {
  const { rows } = await tx.query<ResetPlace>(sql`
    update round set
      status = case when reset.stage = 'THINK' then 'EDITED' else 'PENDING' end::round_status,
      started_at = case when reset.stage = 'THINK' then started_at end,
      error_code = null, error_message = null, error_is_retryable = null
    from jsonb_to_recordset(${JSON.stringify(rounds)}::jsonb) as reset("roundId" uuid, stage text)
    where round.id = reset."roundId"
    returning reset.stage, round.index as "roundIndex", round.candidate, round.id as "roundId"`)
  return rows
}
