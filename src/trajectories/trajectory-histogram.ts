import type { Db } from '../db.ts'
import { sql } from '../sql.ts'
import { isSelected, type TrajectorySelection } from './list-trajectories.ts'
import { planByValues } from './plan-by-values.ts'
import { numberColumns, type TrajectoryNumber } from './trajectory-filter.ts'

/** How a number is cut: into `bins` equal ones from `min` to `max`; null: from the lowest, to the highest there is. */
export type HistogramInput = {
  readonly field: TrajectoryNumber
  readonly bins: number
  readonly min: number | null
  readonly max: number | null
}

/** Holds values from `from` up to below `to`; the last bin also those equal to `to`. */
type HistogramBin = { readonly from: number; readonly to: number; readonly count: number }

/** How many values each bin holds, from the lowest to the highest. */
export type TrajectoryHistogram = {
  readonly bins: readonly HistogramBin[]
  /** How many lie outside of the bins, and how many have no such number. */
  readonly below: number
  readonly above: number
  readonly missing: number
}

type Row = { low: number | null; high: number | null; bin: number | null; count: number }

/** How a number is spread over a selection. Where all values are alike there is one bin, where there are none there is none. */
export async function readTrajectoryHistogram(
  db: Db,
  selection: TrajectorySelection,
  { field, bins, min, max }: HistogramInput,
): Promise<TrajectoryHistogram> {
  const rows = await planByValues(db, read =>
    read<Row>(sql`
      with chosen as materialized (
        select ${numberColumns[field]}::float8 as value, true as is_there from trajectory t where ${isSelected(selection)}
      ), bounds as (
        select coalesce(${min}::float8, least(min(value), ${max}::float8)) as low,
          coalesce(${max}::float8, greatest(max(value), ${min}::float8)) as high
        from chosen
      )
      select low, high, case
          when value is null then null
          when value < low then 0
          when value > high then ${bins}::int + 1
          when low = high then 1
          when value = high then ${bins}::int
          else width_bucket(value, low, high, ${bins}::int)
        end as bin, count(is_there) as count
      from bounds left join chosen on true
      group by 1, 2, 3`),
  )
  const { low, high } = rows[0] ?? { low: null, high: null }
  const countOf = (bin: number | null) => rows.find(row => row.bin === bin)?.count ?? 0
  const found = low === null || high === null ? [] : toBins(low, high, low === high ? 1 : bins, countOf)
  return { bins: found, below: countOf(0), above: countOf(bins + 1), missing: countOf(null) }
}

function toBins(low: number, high: number, bins: number, countOf: (bin: number) => number): HistogramBin[] {
  const edge = (index: number) => (index === bins ? high : low + ((high - low) * index) / bins)
  return Array.from({ length: bins }, (_, n) => ({ from: edge(n), to: edge(n + 1), count: countOf(n + 1) }))
}
