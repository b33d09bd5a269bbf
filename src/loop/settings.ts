/** DIRECT: the instruction as it is. POLISH: the thinker rewrites it first. EVALUATE: the thinker judges the untouched source first. */
type FirstRound = 'DIRECT' | 'POLISH' | 'EVALUATE'

/** What an editor receives: the source (the paper's way), the picture that went on from the round before, or the best so far. */
type EditFrom = 'SOURCE' | 'PREVIOUS' | 'BEST'

/** Which picture is the result: the best one, or the last one (what the paper's script does). */
type Selection = 'BEST' | 'LAST'

/**
 * When to stop before `maxRounds`. Thresholds are scores (0-10), both must be reached. `patience`: scored rounds without
 * a gain in the best overall score. Limits are checked between rounds, so the last round may overshoot them. null: no limit.
 */
export type StopRule = {
  semanticAtLeast: number
  qualityAtLeast: number
  patience: number | null
  maxEditorSeconds: number | null
  maxThinkerTokens: number | null
  deadlineSeconds: number | null
}

/**
 * Everything a user may choose about one job's loop, already checked: `maxRounds` 1-20, `candidates` 1-8, `seed`
 * 0-2147483646 (of the first round; null: drawn once for the job). Without `critique` there is one index of edits and
 * no thinker, so `firstRound` is DIRECT then.
 */
export type LoopSettings = {
  firstRound: FirstRound
  maxRounds: number
  candidates: number
  editFrom: EditFrom
  select: Selection
  stop: StopRule
  critique: boolean
  seed: number | null
}

/** The settings of a job that chose nothing: the paper's strategy, thresholds and round limit, the best picture as result. */
export const defaultSettings: LoopSettings = {
  firstRound: 'DIRECT',
  maxRounds: 5,
  candidates: 1,
  editFrom: 'SOURCE',
  select: 'BEST',
  stop: {
    semanticAtLeast: 8,
    qualityAtLeast: 8,
    patience: null,
    maxEditorSeconds: null,
    maxThinkerTokens: null,
    deadlineSeconds: null,
  },
  critique: true,
  seed: null,
}
