import type { NewEvent } from '../events/append-event.ts'
import type { ImportedRound, ImportedTrajectory } from './imported-trajectory.ts'

/** A round as it is about to be written; critiques in the order of the trajectory's. */
export type IdentifiedRound = { id: string; critiqueIds: string[] }

/**
 * The log of an imported job: what its rounds tell of the run, the end, and then what judges and people said. Every
 * critique has its event, since what a dataset's version may see of them goes by the log.
 */
export function toImportEvents(
  trajectory: ImportedTrajectory,
  ids: readonly IdentifiedRound[],
): [NewEvent, ...NewEvent[]] {
  const pairs = trajectory.rounds.map((round, i) => [round, ids[i] ?? { id: '', critiqueIds: [] }] as const)
  const { status, stopReason, startedAt } = trajectory
  return [
    { type: 'JOB_QUEUED' },
    ...(startedAt === null ? [] : [{ type: 'JOB_STARTED' } as const]),
    ...pairs.flatMap(([round, known]) => toRoundEvents(round, known)),
    { type: 'JOB_FINISHED', status, stopReason },
    ...pairs.flatMap(([round, known]) => toFeedbackEvents(round, known)),
  ]
}

function toRoundEvents(round: ImportedRound, { id: roundId, critiqueIds }: IdentifiedRound): NewEvent[] {
  const events: NewEvent[] = []
  const { index, startedAt, picture, critiques, error } = round
  if (startedAt !== null) events.push({ type: 'ROUND_STARTED', roundId })
  if (index > 0 && picture !== null) events.push({ type: 'ROUND_EDITED', roundId })
  const critiqueId = critiqueIds[critiques.findIndex(critique => critique.source === 'THINKER')]
  if (critiqueId !== undefined) events.push({ type: 'ROUND_CRITIQUED', roundId, critiqueId })
  if (error !== null) events.push({ type: 'ROUND_FAILED', roundId, ...error })
  return events
}

function toFeedbackEvents({ critiques }: ImportedRound, { id: roundId, critiqueIds }: IdentifiedRound): NewEvent[] {
  return critiqueIds
    .filter((_, i) => critiques[i]?.source !== 'THINKER')
    .map(critiqueId => ({ type: 'CRITIQUE_ADDED', roundId, critiqueId }))
}
