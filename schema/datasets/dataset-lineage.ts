import DataLoader from 'dataloader'
import { readSamplesAt } from '../../src/datasets/read-samples.ts'
import type { Sample } from '../../src/datasets/sample.ts'
import type { Critique, Job, Round } from '../../src/generated/prisma/client.ts'
import type { Context } from '../context.ts'

/** What the samples of one answer come from and say, read with one statement each; null where it was deleted. */
type Lineage = {
  readonly job: DataLoader<string, Job | null>
  readonly round: DataLoader<string, Round | null>
  readonly critique: DataLoader<string, Critique | null>
  /** By version and position. */
  readonly sample: DataLoader<{ versionId: string; position: number }, Sample | null, string>
}

const lineages = new WeakMap<Context, Lineage>()

/** The same for all samples of one execution; it sees what the caller may see. */
export function lineageOf(context: Context): Lineage {
  const known = lineages.get(context)
  if (known) return known
  const made = makeLineage(context)
  lineages.set(context, made)
  return made
}

function makeLineage({ deps: { db, prisma }, caller: { tenantId } }: Context): Lineage {
  return {
    job: new DataLoader(async ids =>
      pick(ids, await prisma.job.findMany({ where: { id: { in: [...ids] }, tenantId } })),
    ),
    round: new DataLoader(async ids =>
      pick(ids, await prisma.round.findMany({ where: { id: { in: [...ids] }, job: { tenantId } } })),
    ),
    critique: new DataLoader(async ids =>
      pick(ids, await prisma.critique.findMany({ where: { id: { in: [...ids] }, round: { job: { tenantId } } } })),
    ),
    sample: new DataLoader(
      async places => {
        const found = new Map<string, Sample>()
        for (const versionId of new Set(places.map(place => place.versionId))) {
          const positions = places.filter(place => place.versionId === versionId).map(place => place.position)
          const samples = await readSamplesAt(db, versionId, positions)
          for (const sample of samples) found.set(`${versionId} ${sample.position}`, sample)
        }
        return places.map(({ versionId, position }) => found.get(`${versionId} ${position}`) ?? null)
      },
      { cacheKeyFn: ({ versionId, position }) => `${versionId} ${position}` },
    ),
  }
}

function pick<Row extends { id: string }>(ids: readonly string[], rows: readonly Row[]): (Row | null)[] {
  const byId = new Map(rows.map(row => [row.id, row]))
  return ids.map(id => byId.get(id) ?? null)
}
