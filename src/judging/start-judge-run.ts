import { v7 } from 'uuid'
import type { Db } from '../db.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import { resolveModel } from '../fleet/resolve-model.ts'
import { sql } from '../sql.ts'
import type { JudgeTemplates } from './judge-run-row.ts'
import type { JudgeSelection } from './judge-selection.ts'
import { planJudgeRun } from './plan-judge-run.ts'
import { rubrics } from './rubric.ts'

/** How many rounds can be named one by one. */
export const maxNamedRounds = 10_000

/**
 * A run as it is asked for. `model` is a thinker. `templates`: texts instead of the rubric's own, by their names; sent as
 * they are but for placeholders. `skipsAnswered`: leaves out what an earlier run of the same name, model, rubric and
 * templates has an answer to.
 */
export type NewJudgeRun = {
  name: string
  model: string
  rubric: string
  selection: JudgeSelection
  templates?: JudgeTemplates | null
  skipsAnswered?: boolean
}

/**
 * Starts a judge run and queues its questions, a few hundred at a time; gives its id. A filter may match nothing: then
 * the run is done at once. Throws ModelUnavailableError; InvalidInputError for an unknown rubric or template and for a
 * named round without a picture; NotFoundError for a round that is not the tenant's. Then nothing is stored.
 */
export async function startJudgeRun(
  db: Db,
  author: { tenantId: string; keyName: string },
  { name, model, rubric, selection, templates = null, skipsAnswered = false }: NewJudgeRun,
): Promise<string> {
  checkRubric(rubric, templates)
  const judge = await resolveModel(db, { kind: 'THINKER', model })
  if ('roundIds' in selection) await checkRounds(db, author.tenantId, selection.roundIds)
  const id = v7()
  await db.query(sql`
    insert into judge_run (id, tenant_id, name, model, rubric, selection, templates, skips_answered, by)
    values (${id}::uuid, ${author.tenantId}::uuid, ${name}, ${judge.id}, ${rubric},
      ${JSON.stringify(withoutRepeats(selection))}::jsonb, ${templates && JSON.stringify(templates)}::jsonb,
      ${skipsAnswered}::boolean, ${author.keyName})`)
  await planJudgeRun(db, id)
  return id
}

function checkRubric(id: string, templates: JudgeTemplates | null): void {
  const rubric = rubrics.get(id)
  if (rubric === undefined) {
    throw new InvalidInputError('rubric', `rubric must be one of ${[...rubrics.keys()].join(', ')}, not "${id}".`)
  }
  const known = Object.keys(rubric.templates)
  for (const name of Object.keys(templates ?? {})) {
    if (known.includes(name)) continue
    const names = known.length === 0 ? 'has none' : `has ${known.join(', ')}`
    throw new InvalidInputError(`templates.${name}`, `templates.${name} is no template of "${id}", which ${names}.`)
  }
}

async function checkRounds(db: Db, tenantId: string, roundIds: readonly string[]): Promise<void> {
  const { rows } = await db.query<{ id: string; hasImage: boolean }>(sql`
    select round.id, round.image_id is not null as "hasImage"
    from round join job on job.id = round.job_id
    where round.id = any(${[...roundIds]}::uuid[]) and job.tenant_id = ${tenantId}::uuid`)
  const found = new Map(rows.map(({ id, hasImage }) => [id, hasImage]))
  roundIds.forEach((id, i) => {
    const hasImage = found.get(id)
    if (hasImage === undefined) throw new NotFoundError(`roundIds.${i}`, 'round')
    if (!hasImage) {
      throw new InvalidInputError(
        `roundIds.${i}`,
        `roundIds.${i} names a round without a picture, which cannot be judged.`,
      )
    }
  })
}

function withoutRepeats(selection: JudgeSelection): JudgeSelection {
  return 'roundIds' in selection ? { roundIds: [...new Set(selection.roundIds)] } : selection
}
