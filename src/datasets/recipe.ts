import type { FunnelLine } from './recipes/funnel.ts'
import type { PairFacts } from './recipes/preference.ts'
import type { ScoredTrajectory } from './recipes/scored-trajectory.ts'
import type { StepFacts } from './recipes/think-edit.ts'

/** Whose scores count: the thinker's own, or those of a judge model (the mean, where it judged a round more than once). */
type Scorer = { judge: string | null }

/** The paper's recipe (EditThinker, section 4 and D): a checked value that is plain JSON, every default filled in. */
export type ThinkEditRecipe = Scorer & {
  kind: 'think-edit'
  /** The key of the job's metadata that names its task type. */
  taskKey: string
  /** Whether the best round's own critique is a last step. */
  includeFinal: boolean
  balance: Balance
  /** Which trajectories count as RL: those whose scores vary more. Null: steps belong to no subset. */
  variance: VarianceRule | null
  /** SFT and RL need `variance`, and are together what ALL is. */
  subset: 'ALL' | 'SFT' | 'RL'
}

/** How many steps of a kind may stay; null: no limit. Applied in this order. */
export type Balance = {
  /** Shares by task type, scaled to sum 1 over those that occur; a type that is not named is dropped. */
  taskShares: Record<string, number> | null
  /** The same by score level: "0", "2", "4", "6", "8", "10". */
  scoreShares: Record<string, number> | null
  /** Steps of one task type and score level. */
  maxPerCell: number | null
}

/**
 * RL: variance of S_1..S_k above `threshold`, or above the one that leaves at most `wantedTrajectories`; not where every
 * S_t is at least `constantlyHigh` (null: such are treated like all others).
 */
export type VarianceRule = {
  threshold: number | null
  wantedTrajectories: number | null
  constantlyHigh: number | null
}

/** Pairs of a better and a worse picture of one source and instruction. */
export type PreferenceRecipe = Scorer & {
  kind: 'preference'
  taskKey: string
  /** Pairs by scores: how much better, 0 to 10; above 0, so that ties make no pair. Null: only what people chose. */
  minMargin: number | null
  /** Whether what people chose makes pairs; it wins over scores. */
  useHuman: boolean
  maxPairsPerJob: number | null
}

/** The trajectories as they are. */
export type PlainRecipe = { kind: 'plain' }

/** What makes samples of trajectories. */
export type Recipe = ThinkEditRecipe | PreferenceRecipe | PlainRecipe

/** A sample that a recipe chose. `facts`: what it says of it, kept with the sample. */
export type ChosenSample = {
  jobId: string
  /** What the split goes by: the source's SHA-256, of GENERATE the instruction's. */
  splitKey: string
  roundId: string | null
  rejectedId: string | null
  critiqueId: string | null
  facts: StepFacts | PairFacts | null
}

/**
 * A recipe at work, pure: what comes out depends only on what was added, not on the order. Between `add` and `finish` it
 * keeps of each trajectory no more than it may yet choose.
 */
export type Pipeline = {
  add(trajectory: ScoredTrajectory): void
  finish(): { samples: ChosenSample[]; funnel: FunnelLine[] }
}
