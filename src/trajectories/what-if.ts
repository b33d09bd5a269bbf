import { setImmediate as breathe } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import pLimit from 'p-limit'
import type { Db } from '../db.ts'
import {
  makeReplay,
  overallAt,
  type RecordedStep,
  type ReplayableRun,
  type ReplayRule,
  type RunEnd,
  toReplayable,
} from '../loop/replay.ts'
import type { LoopSettings } from '../loop/settings.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { isSelected, type TrajectorySelection } from './list-trajectories.ts'
import { planByValues } from './plan-by-values.ts'
import { makeTotals, type WhatIfTotals } from './what-if-totals.ts'

/** The most rules that one pass takes. */
export const MAX_RULES = 10

/** What to change of each job's own stop rule and selection; what is left out stays as the job had it. */
export type WhatIfRule = Partial<ReplayRule>

/** What really happened, and beside it what would have by each rule, in the order of the rules. */
export type WhatIf = { actual: WhatIfTotals; outcomes: WhatIfTotals[] }

type Row = {
  stopReason: RunEnd
  bestIndex: number | null
  editorSeconds: number
  thinkerTokens: number
  critique: boolean
  steps: string
  settings: string
}

// Each holds a connection and half a core while it reads.
const atOnce = pLimit(2)

/**
 * Replays all trajectories of a selection, in one pass over one snapshot and with memory for two batches of them; no model
 * is called.
 */
export async function whatIf(
  db: Db,
  { rules, ...selection }: TrajectorySelection & { rules: readonly WhatIfRule[] },
): Promise<WhatIf> {
  const actual = makeTotals()
  const outcomes = rules.map(() => makeTotals())
  const replaysOf = makeRuleReader(rules)
  await atOnce(() =>
    readRuns(db, toSelect(selection), row => {
      const { stopReason, bestIndex, critique, editorSeconds, thinkerTokens } = row
      const steps: RecordedStep[] = JSON.parse(row.steps) // as the trajectory's own view writes them
      const run = toReplayable({ steps, stopReason, critique, editorSeconds, thinkerTokens })
      const overall = bestIndex === null ? null : overallAt(run, bestIndex)
      actual.add({ stopReason, bestIndex, overall, edits: countEdits(run), editorSeconds, thinkerTokens })
      for (const [position, replay] of replaysOf(row.settings).entries()) outcomes[position]?.add(replay(run))
    }),
  )
  return { actual: actual.read(), outcomes: outcomes.map(totals => totals.read()) }
}

function toSelect(selection: TrajectorySelection): SqlStatement {
  return sql`
    select t.stop_reason as "stopReason", t.best_index as "bestIndex", t.editor_seconds as "editorSeconds",
      t.thinker_tokens as "thinkerTokens", t.thinker is not null as critique, t.steps::text as steps,
      t.rule::text as settings
    from trajectory t
    where ${isSelected(selection)}`
}

/** Calls `take` with every row. Reads alone, so it holds up no reader of the log, however long it takes. */
async function readRuns(db: Db, select: SqlStatement, take: (row: Row) => void): Promise<void> {
  await planByValues(db, async read => {
    // All rows are wanted, so nothing is to be won by a plan that has the first ones soon.
    await read(sql`set local cursor_tuple_fraction = 1`)
    await read(sql`declare run no scroll cursor for ${select}`)
    const fetch = () => read<Row>(fetchBatch)
    for (let rows = await fetch(); rows.length > 0; ) {
      const next = fetch()
      next.catch(() => {}) // heard of below, which may be later than it fails
      for (const row of rows) take(row)
      await breathe()
      rows = await next
    }
  })
}

// A batch is read while the one before is replayed; between two of them everything else in the process has its turn.
const fetchBatch = sql`fetch 500 from run`

type Replay = ReturnType<typeof makeReplay>

/** Jobs have few different settings among them, so what the rules make of each is made once. */
function makeRuleReader(rules: readonly WhatIfRule[]): (settings: string) => Replay[] {
  const known = new LRUCache<string, Replay[]>({ max: 1_000 })
  return settings => {
    const made = known.get(settings) ?? readSettings(settings).map(makeReplay)
    known.set(settings, made)
    return made
  }

  function readSettings(settings: string): ReplayRule[] {
    const [maxRounds, select, { deadlineSeconds: _, ...limits }]: [
      number,
      LoopSettings['select'],
      LoopSettings['stop'],
    ] = JSON.parse(settings) // as stored by us
    return rules.map(rule => ({ maxRounds, select, ...limits, ...rule }))
  }
}

function countEdits({ moments }: ReplayableRun): number {
  return moments.at(-1)?.edits ?? 0
}
