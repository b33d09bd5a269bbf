// What samples say, put together from the rows that they name. Who builds a version and who reads it go through here, so
// that both see the same.

import type { Tx } from '../db.ts'
import type { EventPosition } from '../events/event-cursor.ts'
import { type SqlStatement, sql } from '../sql.ts'
import { isBefore } from '../trajectories/trajectory-filter.ts'
import { settleJson } from '../trajectories/trajectory-record.ts'
import { isOfTrajectory } from './as-of.ts'
import { readTrajectorySamples } from './read-trajectory-samples.ts'
import type { Recipe } from './recipe.ts'
import type { PairFacts } from './recipes/preference.ts'
import type { StepFacts } from './recipes/think-edit.ts'
import type { PairSample, PairSide, Sample, SampleContent, StepSample } from './sample.ts'

/** The columns of what is to be read: position, hash, split, job_id, round_id, rejected_id, critique_id, data. */
export type SampleRows = SqlStatement

/**
 * The samples of these rows in the order of position, as a recipe of this kind makes them; those whose trajectory, or
 * whose rejected round's, is no more what it was at `asOf` are missing.
 */
export async function readContents(
  tx: Tx,
  { kind, asOf }: { kind: Recipe['kind']; asOf: EventPosition },
  rows: SampleRows,
): Promise<Sample[]> {
  if (kind === 'plain') return await readTrajectorySamples(tx, rows, asOf)
  await tx.query(settleJson)
  const { rows: found } = await tx.query<ContentRow>(sql`
    select s.position, s.hash, s.split, s.job_id as "jobId", s.round_id as "roundId", s.rejected_id as "rejectedId",
      s.critique_id as "critiqueId", s.data as facts, ${contentOf[kind]()} as content
    from (${rows}) as s
    join trajectory t on t.job_id = s.job_id and ${isBefore(asOf)}
    join job j on j.id = s.job_id
    ${joins[kind](asOf)}
    order by s.position`)
  return found.map(({ facts, content, ...sample }) => ({ ...sample, content: toContent[kind](content, facts) }))
}

/** The recipes whose samples are parts of trajectories. */
type PartKind = Exclude<Recipe['kind'], 'plain'>

type ContentRow = Omit<Sample, 'content'> & { facts: unknown; content: unknown }

const contentOf: Record<PartKind, () => SqlStatement> = {
  'think-edit': () => sql`json_build_object(
    'kind', 'STEP', 'index', r.index, 'candidate', r.candidate, 'jobKind', j.kind, 'instruction', j.instruction,
    'source', ${pictureById(sql`j.source_id`)}, 'edited', ${pictureById(sql`r.image_id`)}, 'prompt', r.prompt,
    'editor', r.editor, 'thinker', c.by, 'reasoning', coalesce(c.reasoning, ''),
    'refinedPrompt', nullif(btrim(c.refined_prompt), ''),
    'answered', json_build_object('semantic', c.semantic, 'quality', c.quality, 'overall', c.overall),
    'isSatisfied', c.is_satisfied)`,
  preference: () => sql`json_build_object(
    'kind', 'PAIR', 'jobKind', j.kind, 'instruction', j.instruction, 'source', ${pictureById(sql`j.source_id`)},
    'chosen', ${sideOf(sql`r`)}, 'rejected', ${sideOf(sql`worse`)})`,
}

const joins: Record<PartKind, (asOf: EventPosition) => SqlStatement> = {
  'think-edit': () => sql`join round r on r.id = s.round_id join critique c on c.id = s.critique_id`,
  // One of the two may be of another job.
  preference: asOf => sql`
    join round r on r.id = s.round_id and ${isOfTrajectory(asOf, sql`r`)}
    join round worse on worse.id = s.rejected_id and ${isOfTrajectory(asOf, sql`worse`)}`,
}

function sideOf(round: SqlStatement): SqlStatement {
  return sql`json_build_object('index', ${round}.index, 'candidate', ${round}.candidate,
    'picture', ${pictureById(sql`${round}.image_id`)}, 'prompt', ${round}.prompt, 'editor', ${round}.editor,
    'seed', ${round}.seed)`
}

function pictureById(id: SqlStatement): SqlStatement {
  return sql`(select json_build_object('sha256', i.sha256, 'objectKey', i.object_key, 'contentType', i.content_type,
    'byteSize', i.byte_size, 'widthPx', i.width, 'heightPx', i.height) from image i where i.id = ${id})`
}

// The statements above give these forms.
const toContent: Record<PartKind, (content: unknown, facts: unknown) => SampleContent> = {
  'think-edit': (content, facts) => ({
    ...(content as Omit<StepSample, keyof StepFacts>),
    ...(facts as StepFacts),
  }),
  preference(content, facts) {
    const pair = content as Omit<PairSample, keyof PairFacts> & Record<'chosen' | 'rejected', Omit<PairSide, 'scores'>>
    const { chosen, rejected, ...rest } = facts as PairFacts
    return {
      ...{ ...pair, ...rest },
      chosen: { ...pair.chosen, scores: chosen },
      rejected: { ...pair.rejected, scores: rejected },
    }
  },
}
