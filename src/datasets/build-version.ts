import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Lease, LeaseLostError } from '../background-work.ts'
import type { Db } from '../db.ts'
import { comparePositions, decodeEventCursor, type EventPosition } from '../events/event-cursor.ts'
import { readSafePosition } from '../events/read-tenant-events.ts'
import { sql } from '../sql.ts'
import type { TrajectoryFilter } from '../trajectories/trajectory-filter.ts'
import { hashSample } from './hash-sample.ts'
import { readScoredTrajectories } from './read-scored-trajectories.ts'
import type { ChosenSample, Pipeline, Recipe } from './recipe.ts'
import type { FunnelLine } from './recipes/funnel.ts'
import { plain } from './recipes/plain.ts'
import { preference } from './recipes/preference.ts'
import { thinkEdit } from './recipes/think-edit.ts'
import { readContents } from './sample-content.ts'
import { type Splits, toSplit } from './splits.ts'

type Version = {
  tenantId: string
  filter: TrajectoryFilter
  recipe: Recipe
  splits: Splits
  asOf: EventPosition
}
type HashedSample = { hash: string; chosen: ChosenSample }

const SAMPLES_A_STEP = 500
const WAIT_MS = 50

/**
 * Builds a version and makes it READY: the same trajectories give the same samples, in the same order and with the same
 * hash, whoever builds it and however often it was begun. In memory are only numbers, hashes and ids of the chosen samples.
 */
export async function buildVersion(db: Db, lease: Lease): Promise<void> {
  const version = await loadVersion(db, lease)
  await waitUntilSafe(db, version.asOf, lease.signal)
  const pipeline = toPipeline(version.recipe)
  for await (const page of readScoredTrajectories(db, version, lease.signal)) {
    for (const trajectory of page) pipeline.add(trajectory)
  }
  const chosen = pipeline.finish()
  const samples = await hashSamples(db, version, chosen.samples, lease.signal)
  samples.sort(compareSamples)
  await clear(db, lease)
  for (let from = 0; from < samples.length; from += SAMPLES_A_STEP) {
    lease.signal.throwIfAborted()
    await insert(db, lease, samples.slice(from, from + SAMPLES_A_STEP), from, version.splits)
  }
  await finish(db, lease, samples, [...chosen.funnel, ...toLossLines(chosen, samples.length)])
}

function toPipeline(recipe: Recipe): Pipeline {
  switch (recipe.kind) {
    case 'think-edit':
      return thinkEdit(recipe)
    case 'preference':
      return preference(recipe)
    case 'plain':
      return plain()
    default:
      return recipe satisfies never
  }
}

async function loadVersion(db: Db, { id, owner }: Lease): Promise<Version> {
  const { rows } = await db.query<Omit<Version, 'asOf'> & { asOf: string }>(sql`
    select d.tenant_id as "tenantId", v.filter, v.recipe, v.splits, v.as_of as "asOf"
    from dataset_version v join dataset d on d.id = v.dataset_id
    where v.id = ${id}::uuid and v.owner = ${owner}::uuid`)
  if (!rows[0]) throw new LeaseLostError()
  return { ...rows[0], asOf: decodeEventCursor(rows[0].asOf) }
}

/** Transactions that were open when the version was asked for may still add to what it holds. */
async function waitUntilSafe(db: Db, asOf: EventPosition, signal: AbortSignal): Promise<void> {
  while (comparePositions((await readSafePosition(db)).safe, asOf) < 0) await sleep(WAIT_MS, undefined, { signal })
}

/** With the hashes of what they say; those whose trajectory was deleted meanwhile are left out. */
async function hashSamples(
  db: Db,
  { recipe: { kind }, asOf }: Version,
  chosen: readonly ChosenSample[],
  signal: AbortSignal,
): Promise<HashedSample[]> {
  const hashed: HashedSample[] = []
  for (let from = 0; from < chosen.length; from += SAMPLES_A_STEP) {
    signal.throwIfAborted()
    const samples = chosen.slice(from, from + SAMPLES_A_STEP)
    const rows = sql`
      select position::int - 1 as position, '' as hash, '' as split, job_id, round_id, rejected_id, critique_id, data::json
      from unnest(${samples.map(sample => sample.jobId)}::uuid[], ${samples.map(sample => sample.roundId)}::uuid[],
        ${samples.map(sample => sample.rejectedId)}::uuid[], ${samples.map(sample => sample.critiqueId)}::uuid[],
        ${samples.map(sample => JSON.stringify(sample.facts))}::text[])
        with ordinality as c(job_id, round_id, rejected_id, critique_id, data, position)`
    for (const { position, content } of await db.transaction(tx => readContents(tx, { kind, asOf }, rows))) {
      const sample = samples[position]
      if (sample) hashed.push({ hash: hashSample(content), chosen: sample })
    }
  }
  return hashed
}

// Samples of one hash say the same; the ids only keep a repeated build from swapping them.
function compareSamples(a: HashedSample, b: HashedSample): number {
  if (a.hash !== b.hash) return a.hash < b.hash ? -1 : 1
  return toIds(a.chosen) < toIds(b.chosen) ? -1 : 1
}

function toIds({ jobId, roundId, rejectedId }: ChosenSample): string {
  return `${jobId}${roundId}${rejectedId}`
}

/** Removes what a builder before this one left. */
async function clear(db: Db, { id, owner, signal }: Lease): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const { rowCount } = await db.query(sql`
      with mine as (
        update dataset_version set samples = 0 where id = ${id}::uuid and owner = ${owner}::uuid returning id
      ), found as (
        select position from dataset_sample where version_id = ${id}::uuid limit 10000
      )
      delete from dataset_sample using mine, found
      where version_id = mine.id and dataset_sample.position = found.position`)
    if (rowCount === 0) return
  }
}

/** Inserts the samples from a position on; `samples` of the version tells how far it is. */
async function insert(db: Db, lease: Lease, samples: HashedSample[], from: number, splits: Splits): Promise<void> {
  const { rowCount } = await db.query(sql`
    with mine as (
      update dataset_version set samples = ${from + samples.length}::int
      where id = ${lease.id}::uuid and owner = ${lease.owner}::uuid
      returning id
    )
    insert into dataset_sample
      (version_id, position, hash, split, job_id, round_id, rejected_id, critique_id, source_sha256, data)
    select mine.id, ${from}::int + new.position::int - 1, new.hash, new.split, new.job_id, new.round_id, new.rejected_id,
      new.critique_id, t.source_sha256, new.data::json
    from mine cross join unnest(
      ${samples.map(sample => sample.hash)}::text[], ${samples.map(sample => toSplit(sample.chosen.splitKey, splits))}::text[],
      ${samples.map(sample => sample.chosen.jobId)}::uuid[], ${samples.map(sample => sample.chosen.roundId)}::uuid[],
      ${samples.map(sample => sample.chosen.rejectedId)}::uuid[], ${samples.map(sample => sample.chosen.critiqueId)}::uuid[],
      ${samples.map(sample => JSON.stringify(sample.chosen.facts))}::text[])
      with ordinality as new(hash, split, job_id, round_id, rejected_id, critique_id, data, position)
    left join trajectory t on t.job_id = new.job_id`)
  if (rowCount !== samples.length) throw new LeaseLostError()
}

function toLossLines({ samples, funnel }: { samples: ChosenSample[]; funnel: FunnelLine[] }, kept: number) {
  const unit = funnel.at(-1)?.unit ?? 'trajectories'
  const counts = { in: samples.length, kept, dropped: samples.length - kept }
  const reason = 'its trajectory was deleted while the version was built'
  return counts.dropped === 0 ? [] : [{ name: 'still there', unit, ...counts, reason }]
}

async function finish(db: Db, lease: Lease, samples: readonly HashedSample[], funnel: FunnelLine[]): Promise<void> {
  const hash = createHash('sha256')
  for (const sample of samples) hash.update(`${sample.hash}\n`)
  const { rowCount } = await db.query(sql`
    update dataset_version set status = 'READY', samples = ${samples.length}::int,
      funnel = ${JSON.stringify(funnel)}::jsonb, content_hash = ${hash.digest('hex')}, ready_at = clock_timestamp(),
      owner = null, lease_until = null
    where id = ${lease.id}::uuid and owner = ${lease.owner}::uuid and status = 'BUILDING'`)
  if (rowCount === 0) throw new LeaseLostError()
}
