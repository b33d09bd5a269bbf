import type { Db } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { planByValues } from '../trajectories/plan-by-values.ts'
import { isBefore, type TrajectoryFilter, toCondition } from '../trajectories/trajectory-filter.ts'
import { isAnyBefore } from './as-of.ts'
import type { Recipe } from './recipe.ts'
import type { ScoredRound, ScoredTrajectory, Vote } from './recipes/scored-trajectory.ts'

/** Which trajectories a version is made of. */
export type Selection = { tenantId: string; filter: TrajectoryFilter; asOf: EventPosition; recipe: Recipe }

// Few large pages of ids, because each may cost a look at all that match; many small ones of rounds.
const IDS_A_PAGE = 20_000
const JOBS_A_PAGE = 500

/**
 * What a recipe reads, page by page: the trajectories that had ended by `asOf`, with the scores and choices that had been
 * given by then. Trajectories that are deleted meanwhile may be missing.
 */
export async function* readScoredTrajectories(
  db: Db,
  selection: Selection,
  signal: AbortSignal,
): AsyncGenerator<ScoredTrajectory[], void, undefined> {
  const { tenantId, filter, asOf } = selection
  let after = '00000000-0000-0000-0000-000000000000'
  for (;;) {
    signal.throwIfAborted()
    const page = sql`
      select t.job_id as id from trajectory t
      where t.tenant_id = ${tenantId}::uuid and t.job_id > ${after}::uuid and ${isBefore(asOf)}
        and ${toCondition(filter, asOf)}
      order by t.job_id limit ${IDS_A_PAGE}::int`
    const rows = await planByValues(db, read => read<{ id: string }>(page))
    const ids = rows.map(row => row.id)
    for (let from = 0; from < ids.length; from += JOBS_A_PAGE) {
      signal.throwIfAborted()
      yield await readPage(db, ids.slice(from, from + JOBS_A_PAGE), selection)
    }
    const last = ids.at(-1)
    if (last === undefined || ids.length < IDS_A_PAGE) return
    after = last
  }
}

type Row = Omit<ScoredTrajectory, 'rounds' | 'votes'> & { rounds: RoundRow[] | null }
type RoundRow = [
  ...[id: string, index: number, candidate: number, leads: boolean],
  ...[semantic: number | null, quality: number | null, overall: number | null],
  ...[picture: string, critiqueId: string | null, answer: ScoredRound['answer'], digest: string],
]

async function readPage(db: Db, jobIds: readonly string[], selection: Selection): Promise<ScoredTrajectory[]> {
  const { recipe, asOf } = selection
  const taskKey = recipe.kind === 'plain' ? 'task' : recipe.taskKey
  const { rows } = await db.query<Row>(sql`
    select t.job_id as "jobId", coalesce(t.source_sha256, ${sha256Of(sql`t.instruction`)}) as "splitKey",
      ${sha256Of(sql`json_build_array(t.source_sha256, t.instruction)::text`)} as "contentKey",
      coalesce(nullif(t.metadata ->> ${taskKey}::text, ''), 'other') as task,
      ${recipe.kind === 'plain' ? sql`null` : roundsOf(sql`r.job_id = t.job_id and r.index > 0`, recipe.judge, asOf)} as rounds
    from trajectory t where t.job_id = any(${jobIds}::uuid[]) and ${isBefore(asOf)}`)
  const trajectories = rows.map(row => ({ ...row, rounds: (row.rounds ?? []).map(toRound), votes: [] as Vote[] }))
  if (recipe.kind === 'preference' && recipe.useHuman) await addVotes(db, trajectories, selection, recipe.judge)
  return trajectories
}

/** The rounds with a picture as JSON, by index and candidate; of a judge that scored one more than once the means. */
function roundsOf(which: SqlStatement, judge: string | null, asOf: EventPosition): SqlStatement {
  const judged = sql`(
    select avg(c.semantic order by c.semantic) as semantic, avg(c.quality order by c.quality) as quality,
      avg(c.overall order by c.overall) as overall
    from critique c where c.round_id = r.id and c.source = 'JUDGE' and c.by = ${judge}::text
      and ${isAnyBefore(asOf, sql`e.critique_id = c.id`)})`
  const scores = judge === null ? sql`(select own.semantic, own.quality, own.overall)` : judged
  return sql`(
    select json_agg(json_build_array(r.id, r.index, r.candidate,
        exists (select from round next where next.parent_id = r.id and next.job_id = r.job_id),
        s.semantic, s.quality, s.overall, i.sha256, own.id,
        case when own.id is null then 'NONE' when own.error_code is not null then 'UNREADABLE'
          when coalesce(btrim(own.refined_prompt), '') = '' then 'UNREFINED' else 'REFINED' end,
        left(${sha256Of(sql`json_build_array(r.index, r.candidate, i.sha256, r.prompt, own.reasoning, own.refined_prompt,
          s.semantic, s.quality, s.overall)::text`)}, 32)) order by r.index, r.candidate)
    from round r join image i on i.id = r.image_id
    left join critique own on own.round_id = r.id and own.source = 'THINKER'
    cross join lateral ${scores} as s
    where ${which})`
}

function sha256Of(text: SqlStatement): SqlStatement {
  return sql`encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`
}

function toRound(row: RoundRow): ScoredRound {
  const [id, index, candidate, leads, semantic, quality, overall, picture, critiqueId, answer, digest] = row
  return { id, index, candidate, leads, semantic, quality, overall, picture, critiqueId, answer, digest }
}

type VoteRow = { jobId: string; chosenId: string; rejectedId: string | null; isTie: boolean }

/** Adds the choices whose better round is one of the page's; the other may be of another job, ended by then too. */
async function addVotes(
  db: Db,
  trajectories: readonly ScoredTrajectory[],
  { tenantId, asOf }: Selection,
  judge: string | null,
): Promise<void> {
  const byJob = new Map(trajectories.map(trajectory => [trajectory.jobId, trajectory]))
  const { rows: votes } = await db.query<VoteRow>(sql`
    select r.job_id as "jobId", p.chosen_round_id as "chosenId", p.rejected_round_id as "rejectedId",
      p.is_tie as "isTie"
    from round r join preference p on p.chosen_round_id = r.id
    where r.job_id = any(${[...byJob.keys()]}::uuid[]) and p.tenant_id = ${tenantId}::uuid
      and (p.epoch, p.xid) < (${asOf.epoch}::int, ${String(asOf.xid)}::xid8)`)
  const known = new Map(trajectories.flatMap(({ rounds }) => rounds.map(round => [round.id, round])))
  const foreign = votes.flatMap(({ rejectedId }) => (rejectedId !== null && !known.has(rejectedId) ? [rejectedId] : []))
  if (foreign.length > 0) {
    const { rows } = await db.query<{ rounds: RoundRow[] | null }>(sql`
      select ${roundsOf(
        sql`r.id = any(${foreign}::uuid[]) and exists (
          select from trajectory t where t.job_id = r.job_id and t.tenant_id = ${tenantId}::uuid and ${isBefore(asOf)})`,
        judge,
        asOf,
      )} as rounds`)
    for (const round of rows[0]?.rounds ?? []) known.set(round[0], toRound(round))
  }
  for (const { jobId, chosenId, rejectedId, isTie } of votes) {
    const rejected = rejectedId === null ? null : known.get(rejectedId)
    if (rejected !== undefined) byJob.get(jobId)?.votes.push({ chosenId, rejected, isTie })
  }
}
