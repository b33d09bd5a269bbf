import type { Tx } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { readTrajectoryRecords } from '../trajectories/trajectory-record.ts'
import type { RoundPlace, Sample, SamplePicture, SampleRound, TrajectorySample } from './sample.ts'

type Place = [index: number, candidate: number] | null
/** A picture as a line names it. */
type NamedPicture = Omit<SamplePicture, 'objectKey'> & { path: string }
type StoredRound = Omit<SampleRound, 'parent' | 'base' | 'picture'> & {
  parent: Place
  base: NamedPicture | null
  picture: NamedPicture | null
}
type StoredRecord = Omit<
  TrajectorySample,
  'kind' | 'jobKind' | 'best' | 'source' | 'mask' | 'references' | 'rounds'
> & {
  kind: TrajectorySample['jobKind']
  best: Place
  source: NamedPicture | null
  mask: NamedPicture | null
  references: NamedPicture[]
  rounds: StoredRound[]
}

/** Whole trajectories as samples, read from their lines; `samples` as for `readTrajectoryRecords`. */
export async function readTrajectorySamples(tx: Tx, samples: SqlStatement, asOf: EventPosition): Promise<Sample[]> {
  const lines = await readTrajectoryRecords(tx, samples, asOf)
  const read = lines.map(({ json, ...line }) => {
    const record = JSON.parse(json) as StoredRecord // a line has this form
    return { line, record, hashes: hashesOf(record) }
  })
  const keys = await findObjectKeys(
    tx,
    lines.map(line => line.jobId),
    read.flatMap(({ hashes }) => hashes),
  )
  return read.flatMap(({ line, record, hashes }) => {
    // A trajectory that was deleted after its line was read may have no pictures left.
    if (!hashes.every(sha256 => keys.has(sha256))) return []
    return { ...line, roundId: null, rejectedId: null, critiqueId: null, content: toTrajectorySample(record, keys) }
  })
}

function hashesOf({ source, mask, references, rounds }: StoredRecord): string[] {
  const pictures = [source, mask, ...references, ...rounds.flatMap(({ base, picture }) => [base, picture])]
  return pictures.flatMap(picture => (picture === null ? [] : [picture.sha256]))
}

/** Where the bytes of pictures lie, by SHA-256; of the tenant of these jobs. */
async function findObjectKeys(
  tx: Tx,
  jobIds: readonly string[],
  hashes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await tx.query<{ sha256: string; key: string }>(sql`
    select sha256, object_key as key from image
    where tenant_id = (select tenant_id from job where id = any(${jobIds}::uuid[]) limit 1)
      and sha256 = any(${[...new Set(hashes)]}::text[])`)
  return new Map(rows.map(({ sha256, key }) => [sha256, key]))
}

function toTrajectorySample(record: StoredRecord, keys: ReadonlyMap<string, string>): TrajectorySample {
  const toPicture = (named: NamedPicture | null): SamplePicture | null => {
    if (named === null) return null
    const { path: _, ...picture } = named
    return { ...picture, objectKey: keys.get(picture.sha256) ?? '' }
  }
  const { status, stopReason, instruction, references, wantedWidthPx, wantedHeightPx } = record
  const { editor, thinker, settings, baseSeed, priority, batch, tags, metadata, error } = record
  const { editorSeconds, thinkerTokens, createdAt, startedAt, finishedAt } = record
  return {
    ...{ kind: 'TRAJECTORY', jobKind: record.kind, status, stopReason, instruction },
    ...{ source: toPicture(record.source), mask: toPicture(record.mask) },
    references: references.flatMap(named => toPicture(named) ?? []),
    ...{ wantedWidthPx, wantedHeightPx, editor, thinker, settings, baseSeed, priority, batch, tags, metadata },
    ...{ best: toPlace(record.best), error, editorSeconds, thinkerTokens, createdAt, startedAt, finishedAt },
    rounds: record.rounds.map(round => ({
      ...round,
      ...{ parent: toPlace(round.parent), base: toPicture(round.base), picture: toPicture(round.picture) },
    })),
  }
}

function toPlace(place: Place): RoundPlace | null {
  return place === null ? null : { index: place[0], candidate: place[1] }
}
