import type { Replayed, RunEnd } from '../loop/replay.ts'

/** What many runs came to. Means and the median are over results that have a score; null: there are none. */
export type WhatIfTotals = {
  jobs: number
  /** Jobs with a picture as their result, and those of them whose picture has a score. */
  results: number
  scored: number
  meanOverall: number | null
  medianOverall: number | null
  edits: number
  editorSeconds: number
  thinkerTokens: number
  satisfied: number
  /** Jobs whose history ends before the rule would have stopped them; they count with what they had by then. */
  cutShort: number
  /** How many jobs stopped why, the most frequent first; those cut short are not among them. */
  stopReasons: { stopReason: RunEnd; jobs: number }[]
}

const MAX_SCORE = 10
/** The median is exact to a thousandth, in memory that does not grow with the runs. */
const STEPS_A_POINT = 1_000

/** Adds up runs one by one. */
export function makeTotals(): { add(run: Replayed): void; read(): WhatIfTotals } {
  const reasons = new Map<RunEnd, number>()
  const histogram = new Uint32Array(MAX_SCORE * STEPS_A_POINT + 1)
  const sums = { jobs: 0, results: 0, scored: 0, overall: 0, edits: 0, seconds: 0, tokens: 0, cutShort: 0 }

  function add({ stopReason, bestIndex, overall, edits, editorSeconds, thinkerTokens }: Replayed): void {
    sums.jobs++
    sums.edits += edits
    sums.seconds += editorSeconds
    sums.tokens += thinkerTokens
    if (bestIndex !== null) sums.results++
    if (overall !== null) {
      sums.scored++
      sums.overall += overall
      const bin = Math.round(overall * STEPS_A_POINT)
      histogram[bin] = (histogram[bin] ?? 0) + 1
    }
    if (stopReason === null) sums.cutShort++
    else reasons.set(stopReason, (reasons.get(stopReason) ?? 0) + 1)
  }

  /** The score of the so-manieth run, counted from 0 up. */
  function scoreAt(place: number): number {
    let below = 0
    const bin = histogram.findIndex(count => {
      below += count
      return below > place
    })
    return bin / STEPS_A_POINT
  }

  function read(): WhatIfTotals {
    const { jobs, results, scored, overall, edits, seconds, tokens, cutShort } = sums
    const median = () => (scoreAt(Math.floor((scored - 1) / 2)) + scoreAt(Math.floor(scored / 2))) / 2
    return {
      jobs,
      results,
      scored,
      meanOverall: scored > 0 ? overall / scored : null,
      medianOverall: scored > 0 ? median() : null,
      edits,
      editorSeconds: seconds,
      thinkerTokens: tokens,
      satisfied: reasons.get('SATISFIED') ?? 0,
      cutShort,
      stopReasons: [...reasons]
        .map(([stopReason, count]) => ({ stopReason, jobs: count }))
        .sort((a, b) => b.jobs - a.jobs || (a.stopReason < b.stopReason ? -1 : 1)),
    }
  }

  return { add, read }
}
