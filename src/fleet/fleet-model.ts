import type { ModelKind, ModelParameter } from '../catalog.ts'

/** A model that a worker's fleet file lists; `position` is its place there, the lowest served is the default of its kind. */
export type ListedModel = {
  id: string
  kinds: readonly ModelKind[]
  parameters: readonly ModelParameter[]
  /** How many reference images a job may name; null: no limit is known. */
  maxReferences: number | null
  position: number
}

/** An endpoint that a worker's fleet file lists; (model, URL) names it. */
export type ListedEndpoint = { modelId: string; engine: string; url: string; capacity: number }

/** How long a worker or an endpoint counts as alive without a heartbeat: a task's lease. */
export const fleetLeaseMs = 9_000
/** An endpoint that nobody took for two heartbeats may be taken above one's share. */
export const spareAfterMs = 6_000
