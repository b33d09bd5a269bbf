import type { Tx } from '../db.ts'
import { NIL_JOB } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { type TrajectoryFilter, toCondition } from '../trajectories/trajectory-filter.ts'

/**
 * Which rounds of a trajectory, of those that have a picture. BEST: its result. FIRST and LAST: of the first and last
 * index, where there are several candidates the one with the highest score. ALL: every one. Round 0, which is nothing but the
 * source, counts where it is the result.
 */
export type JudgedRounds = 'BEST' | 'LAST' | 'FIRST' | 'ALL'

/**
 * What a run judges: rounds of the matching trajectories that had ended when it was started, or these rounds. `roundIndex`:
 * the LAST of each up to there, so that one which ended before is judged as it ended.
 */
export type JudgeSelection =
  | { filter: TrajectoryFilter; rounds: JudgedRounds }
  | { filter: TrajectoryFilter; roundIndex: number }
  | { roundIds: string[] }

/** A round that is to be judged. `benchmark`: what its job's metadata has under that name. */
export type SelectedRound = {
  jobId: string
  run: number
  roundId: string
  roundIndex: number
  candidate: number
  benchmark: unknown
}

/** A piece of a selection. `reached`: pass it as `after` for what follows; null: that was all. */
export type SelectedRounds = { rounds: SelectedRound[]; reached: string | null }

type Piece = { tenantId: string; startedAt: Date; after: string | null; limit: number }

/**
 * The selection's next rounds, those of up to `limit` jobs (where rounds are named: up to `limit` rounds), in order of id.
 * Their jobs cannot be deleted until the transaction ends.
 */
export async function selectRounds(tx: Tx, selection: JudgeSelection, piece: Piece): Promise<SelectedRounds> {
  return 'roundIds' in selection
    ? await selectNamed(tx, selection.roundIds, piece)
    : await selectMatching(tx, selection, piece)
}

async function selectMatching(
  tx: Tx,
  selection: Exclude<JudgeSelection, { roundIds: string[] }>,
  { tenantId, startedAt, after, limit }: Piece,
): Promise<SelectedRounds> {
  const { text, values } = sql`
    select t.job_id as id from trajectory t
    where t.tenant_id = ${tenantId}::uuid and t.job_id > ${after ?? NIL_JOB}::uuid and t.finished_at <= ${startedAt}::timestamptz
      and ${toCondition(selection.filter)}
    order by t.job_id limit ${limit}::int`
  // As text, without a name: filters come in any number of forms, and a name would keep each form for good.
  const { rows: jobs } = await tx.query<{ id: string }>(text, values)
  const { rows } = await tx.query<SelectedRound>(sql`
    with held as materialized (
      select id, run, best_round_id, metadata -> 'benchmark' as benchmark from job where id = any(${jobs.map(({ id }) => id)}::uuid[])
      order by id for key share
    )
    select held.id as "jobId", held.run, r.id as "roundId", r.index as "roundIndex", r.candidate,
      held.benchmark
    from held cross join lateral (
      ${'rounds' in selection ? picks[selection.rounds] : edgeRound(sql`desc`, selection.roundIndex)}) as r
    order by held.id, r.index, r.candidate`)
  return { rounds: rows, reached: jobs.length < limit ? null : (jobs.at(-1)?.id ?? null) }
}

async function selectNamed(tx: Tx, roundIds: string[], { tenantId, after, limit }: Piece): Promise<SelectedRounds> {
  const ids = roundIds.toSorted().filter(id => id > (after ?? ''))
  const { rows } = await tx.query<SelectedRound>(sql`
    with named as materialized (
      select id, job_id, index, candidate from round
      where id = any(${ids.slice(0, limit)}::uuid[]) and image_id is not null
    ), held as materialized (
      select id, run, metadata -> 'benchmark' as benchmark from job where id in (select job_id from named) and tenant_id = ${tenantId}::uuid
      order by id for key share
    )
    select held.id as "jobId", held.run, named.id as "roundId", named.index as "roundIndex", named.candidate,
      held.benchmark
    from held join named on named.job_id = held.id
    order by named.id`)
  return { rounds: rows, reached: ids.length > limit ? (ids[limit - 1] ?? null) : null }
}

const isJudgeable = sql`r.image_id is not null and (r.index > 0 or r.id = held.best_round_id)`

function edgeRound(direction: SqlStatement, to = 2_147_483_647): SqlStatement {
  return sql`
    select r.id, r.index, r.candidate
    from round r left join critique c on c.round_id = r.id and c.source = 'THINKER'
    where r.job_id = held.id and r.index <= ${to}::int and ${isJudgeable}
    order by r.index = 0, r.index ${direction}, c.overall desc nulls last, r.candidate limit 1`
}

const picks: Readonly<Record<JudgedRounds, SqlStatement>> = {
  BEST: sql`select id, index, candidate from round where id = held.best_round_id and image_id is not null`,
  FIRST: edgeRound(sql`asc`),
  LAST: edgeRound(sql`desc`),
  ALL: sql`select r.id, r.index, r.candidate from round r where r.job_id = held.id and ${isJudgeable}`,
}
