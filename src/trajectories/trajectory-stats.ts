import type { Db } from '../db.ts'
import { commaList, type SqlStatement, sql } from '../sql.ts'
import { isSelected, type TrajectorySelection } from './list-trajectories.ts'
import { planByValues } from './plan-by-values.ts'

/** The most groups that are given: the largest. */
export const MAX_GROUPS = 1_000

/** What trajectories are grouped by: one of these, or the value under a key of their metadata. */
export type TrajectoryGroupBy = { readonly field: TrajectoryGroupField } | { readonly metadataKey: string }
type TrajectoryGroupField =
  | 'EDITOR'
  | 'THINKER'
  | 'KIND'
  | 'STATUS'
  | 'STOP_REASON'
  | 'BATCH'
  | 'TAG'
  | 'ROUNDS'
  | 'DAY'

/** Means are over those of the group that have the number; null: none has. `satisfiedShare` is null for an empty group. */
export type TrajectoryGroup = {
  /** As texts, one for each thing grouped by; null: it has none. */
  readonly keys: readonly (string | null)[]
  readonly count: number
  readonly satisfiedShare: number | null
  readonly firstOverall: number | null
  readonly bestOverall: number | null
  readonly lastOverall: number | null
  readonly gain: number | null
  readonly variance: number | null
  readonly rounds: number | null
  readonly seconds: number | null
  readonly editorSeconds: number | null
  readonly thinkerTokens: number | null
}

/** `groups`: the largest first, none where nothing is grouped by. */
export type TrajectoryStats = { total: TrajectoryGroup; groups: TrajectoryGroup[]; hasMoreGroups: boolean }

/** The numbers of a selection, as a whole and by group. With a TAG one trajectory counts in each of its tags' groups. */
export async function readTrajectoryStats(
  db: Db,
  selection: TrajectorySelection,
  groupBy: readonly TrajectoryGroupBy[],
): Promise<TrajectoryStats> {
  return await planByValues(db, async read => {
    const [total] = await read<TrajectoryGroup>(sql`
      select '{}'::text[] as keys, ${measures} from trajectory t where ${isSelected(selection)}`)
    if (!total) throw new Error('An aggregate without groups gives one row.')
    if (groupBy.length === 0) return { total, groups: [], hasMoreGroups: false }
    const hasTags = groupBy.some(by => 'field' in by && by.field === 'TAG')
    const keys = commaList(groupBy.map(toKey))
    const groups = await read<TrajectoryGroup>(sql`
      select array[${keys}] as keys, ${measures}
      from trajectory t ${hasTags ? sql`left join lateral unnest(t.tags) as tagged (tag) on true` : sql``}
      where ${isSelected(selection)}
      group by 1
      order by count(*) desc, 1
      limit ${MAX_GROUPS + 1}::int`)
    return { total, groups: groups.slice(0, MAX_GROUPS), hasMoreGroups: groups.length > MAX_GROUPS }
  })
}

const measures = sql`count(*) as count, avg((t.stop_reason = 'SATISFIED')::int)::float8 as "satisfiedShare",
  avg(t.first_overall) as "firstOverall", avg(t.best_overall) as "bestOverall", avg(t.last_overall) as "lastOverall",
  avg(t.gain) as gain, avg(t.variance) as variance, avg(t.rounds)::float8 as rounds, avg(t.seconds) as seconds,
  avg(t.editor_seconds) as "editorSeconds", avg(t.thinker_tokens)::float8 as "thinkerTokens"`

const groupKeys: Readonly<Record<TrajectoryGroupField, SqlStatement>> = {
  EDITOR: sql`t.editor`,
  THINKER: sql`t.thinker`,
  KIND: sql`t.kind::text`,
  STATUS: sql`t.status::text`,
  STOP_REASON: sql`t.stop_reason::text`,
  BATCH: sql`t.batch`,
  TAG: sql`tagged.tag`,
  ROUNDS: sql`t.rounds::text`,
  DAY: sql`to_char(t.finished_at at time zone 'UTC', 'YYYY-MM-DD')`,
}

// A value may be a whole document.
function toKey(by: TrajectoryGroupBy): SqlStatement {
  return 'field' in by ? groupKeys[by.field] : sql`left(t.metadata ->> ${by.metadataKey}::text, 200)`
}
