import type { RoundPlace, SampleRound, TrajectorySample } from './sample.ts'

type Place = [index: number, candidate: number] | null
type StoredRound = Omit<SampleRound, 'parent'> & { parent: Place }
type StoredRecord = Omit<TrajectorySample, 'kind' | 'jobKind' | 'best' | 'rounds'> & {
  kind: TrajectorySample['jobKind']
  best: Place
  rounds: StoredRound[]
}

/** The sample of a record that `recordOf` gave. */
export function toTrajectorySample(record: unknown): TrajectorySample {
  const stored = record as StoredRecord // the statement gives this form
  const { status, stopReason, instruction, source, mask, references, wantedWidthPx, wantedHeightPx } = stored
  const { editor, thinker, settings, baseSeed, priority, batch, tags, metadata, error } = stored
  const { editorSeconds, thinkerTokens, createdAt, startedAt, finishedAt } = stored
  return {
    ...{ kind: 'TRAJECTORY', jobKind: stored.kind, status, stopReason, instruction, source, mask, references },
    ...{ wantedWidthPx, wantedHeightPx, editor, thinker, settings, baseSeed, priority, batch, tags, metadata },
    ...{ best: toPlace(stored.best), error, editorSeconds, thinkerTokens, createdAt, startedAt, finishedAt },
    rounds: stored.rounds.map(round => ({ ...round, parent: toPlace(round.parent) })),
  }
}

function toPlace(place: Place): RoundPlace | null {
  return place === null ? null : { index: place[0], candidate: place[1] }
}
