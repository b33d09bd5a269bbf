/** One step of a recipe: of `in` so many were kept, the others dropped for one reason. in = kept + dropped. */
export type FunnelLine = {
  name: string
  unit: FunnelUnit
  in: number
  kept: number
  dropped: number
  /** Why; null where the step drops nothing. */
  reason: string | null
}

type FunnelUnit = 'trajectories' | 'rounds' | 'steps' | 'pairs'

/** A step that drops for one reason. */
export type FunnelStep = { name: string; unit: FunnelUnit; reason: string | null }

/** Counts what goes through the steps of a recipe; every step is in the report, in this order, also where nothing came. */
export type Funnel<Name extends string> = {
  /** One thing came to this step and goes on, or is dropped there; gives which. */
  pass(id: Name, isKept?: boolean): boolean
  /** The same for several. */
  count(id: Name, counts: { kept: number; dropped: number }): void
  lines(): FunnelLine[]
}

/** A funnel of these steps. */
export function makeFunnel<Name extends string>(steps: readonly (FunnelStep & { id: Name })[]): Funnel<Name> {
  const counts = new Map(steps.map(({ id }) => [id, { kept: 0, dropped: 0 }]))
  const countOf = (id: Name) => counts.get(id) ?? { kept: 0, dropped: 0 }
  return {
    pass(id, isKept = true) {
      countOf(id)[isKept ? 'kept' : 'dropped'] += 1
      return isKept
    },
    count(id, { kept, dropped }) {
      countOf(id).kept += kept
      countOf(id).dropped += dropped
    },
    lines: () =>
      steps.map(({ id, name, unit, reason }) => {
        const { kept, dropped } = countOf(id)
        return { name, unit, in: kept + dropped, kept, dropped, reason }
      }),
  }
}
