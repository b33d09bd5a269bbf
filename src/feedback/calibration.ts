import type { Db } from '../db.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { planByValues } from '../trajectories/plan-by-values.ts'
import { type TrajectoryFilter, toCondition } from '../trajectories/trajectory-filter.ts'

/** Whose scores the thinker's are held against, by critique source; `by` narrows them to one person or judge model. */
export type CalibrationQuestion = {
  filter: TrajectoryFilter
  against: 'HUMAN' | 'JUDGE'
  by: string | null
  groupBy: 'EDITOR' | 'THINKER' | 'METADATA' | null
  /** METADATA only: the key whose values make the groups. */
  metadataKey: string | null
}

/** How the thinker's overall scores of one group agree with the others', of whom several count with their mean a round. */
export type Calibration = {
  /** Null: all together, or what has no such value. */
  key: string | null
  /** Rounds that both scored. */
  rounds: number
  /** Correlations, -1 to 1; null where one side is the same everywhere. */
  pearson: number | null
  spearman: number | null
  /** Thinker minus the others, mean; above 0: the thinker is too kind. */
  bias: number | null
  meanAbsoluteDifference: number | null
  /** PICK preferences of jobs with a scored round, and those that chose the round the thinker scored highest. */
  picks: number
  agreeingPicks: number
  /** By the thinker's overall, a point wide, the empty ones left out. */
  bins: { from: number; to: number; rounds: number; thinker: number; others: number }[]
}

/** At most so many groups, those with the most rounds. */
export const MAX_GROUPS = 100

/** One entry a group, the largest first; nothing where nobody scored or picked. Counted and correlated in the database. */
export async function readCalibration(
  db: Db,
  tenantId: string,
  { filter, against, by, groupBy, metadataKey }: CalibrationQuestion,
): Promise<Calibration[]> {
  const person = against === 'HUMAN' ? by : null // a judge model picks nothing
  const statement = sql`
    with matching as materialized (
      select t.job_id, t.has_human_critique, ${groupColumn(groupBy, metadataKey)} as key
      from trajectory t where t.tenant_id = ${tenantId}::uuid and ${toCondition(filter)}
    ), pair as materialized (
      select m.key, c.overall as thinker, other.overall as others
      from matching m join round r on r.job_id = m.job_id
      join critique c on c.round_id = r.id and c.source = 'THINKER' and c.overall is not null
      cross join lateral (
        select avg(o.overall) as overall from critique o
        where o.round_id = r.id and o.source = ${against}::critique_source and o.by = coalesce(${by}, o.by)) as other
      where other.overall is not null and (m.has_human_critique or ${against} <> 'HUMAN')
    ), ranked as (
      select key, thinker, others, ${midRank(sql`thinker`)} as thinker_rank, ${midRank(sql`others`)} as others_rank
      from pair
    ), scored as (
      select key, count(*) as rounds, corr(thinker, others) as pearson, corr(thinker_rank, others_rank) as spearman,
        avg(thinker - others) as bias, avg(abs(thinker - others)) as mean_absolute_difference
      from ranked group by key
    ), bin as (
      select key, least(floor(thinker), 9) as start, count(*) as rounds, avg(thinker) as thinker, avg(others) as others
      from pair group by key, start
    ), binned as (
      select key, jsonb_agg(jsonb_build_object('from', start, 'to', start + 1, 'rounds', rounds, 'thinker', thinker,
        'others', others) order by start) as bins
      from bin group by key
    ), picked as (
      select m.key, count(*) as picks, count(*) filter (where best.id = p.chosen_round_id) as agreeing
      from matching m join round r on r.job_id = m.job_id
      join preference p on p.tenant_id = ${tenantId}::uuid and p.chosen_round_id = r.id and p.kind = 'PICK'
        and p.by = coalesce(${person}, p.by)
      cross join lateral (
        select b.id from round b join critique c on c.round_id = b.id and c.source = 'THINKER' and c.overall is not null
        where b.job_id = m.job_id and b.image_id is not null
        order by c.overall desc, b.index, b.candidate limit 1) as best
      group by m.key
    ), part as (
      select key, rounds, pearson, spearman, bias, mean_absolute_difference, null::int8 as picks, null::int8 as agreeing,
        null::jsonb as bins
      from scored
      union all select key, null, null, null, null, null, picks, agreeing, null from picked
      union all select key, null, null, null, null, null, null, null, bins from binned
    )
    select key, coalesce(max(rounds), 0) as rounds, max(pearson) as pearson, max(spearman) as spearman,
      max(bias) as bias, max(mean_absolute_difference) as "meanAbsoluteDifference", coalesce(max(picks), 0) as picks,
      coalesce(max(agreeing), 0) as "agreeingPicks", coalesce((array_agg(bins) filter (where bins is not null))[1], '[]') as bins
    from part group by key
    order by rounds desc, picks desc, key nulls last limit ${MAX_GROUPS}::int`
  return await planByValues(db, read => read<Calibration>(statement))
}

function groupColumn(groupBy: CalibrationQuestion['groupBy'], metadataKey: string | null): SqlStatement {
  if (groupBy === 'EDITOR') return sql`t.editor`
  if (groupBy === 'THINKER') return sql`t.thinker`
  return groupBy === 'METADATA' ? sql`t.metadata ->> ${metadataKey}::text` : sql`null::text`
}

/** Equal values share the mean of their ranks. */
function midRank(column: SqlStatement): SqlStatement {
  return sql`(rank() over (partition by key order by ${column})
    + (count(*) over (partition by key, ${column}) - 1) / 2.0)::float8`
}
