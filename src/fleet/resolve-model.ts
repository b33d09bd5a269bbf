import { catalog, type ModelKind } from '../catalog.ts'
import type { Queryable } from '../db.ts'
import { ModelUnavailableError } from '../errors.ts'
import { sql } from '../sql.ts'
import type { KnownModel } from './read-models.ts'

/** A model that a job may use, with all that it does, the parameters and how many reference images it takes (null: any). */
export type ResolvedModel = KnownModel

/**
 * The model a job means. Known is what the catalogue lists or any worker ever registered; it need not be served now.
 * `model` null: the default, which is the first of this kind in the fleet file that is served, else that ever was; those
 * of `lastChoice` only where there is no other.
 * Throws ModelUnavailableError for an unknown one, one of another kind, or when there is no default.
 */
export async function resolveModel(
  db: Queryable,
  { kind, model, lastChoice = [] }: { kind: ModelKind; model: string | null; lastChoice?: readonly string[] },
): Promise<ResolvedModel> {
  const { rows } = await db.query<KnownModel>(sql`
    select m.id, m.kinds::text[] as kinds, m.parameters, m.max_references as "maxReferences"
    from model m
    where (m.id = ${model}::text or (${model}::text is null and ${kind}::model_kind = any(m.kinds)))
    order by m.id = any(${[...lastChoice]}::text[]),
      not exists (select from endpoint e where e.model_id = m.id and e.lease_until > clock_timestamp()),
      m.position, m.id
    limit 1`)
  const found = rows[0] ?? (model === null ? undefined : catalog.get(model))
  const noun = nouns[kind]
  if (!found) {
    throw model === null
      ? new ModelUnavailableError(`No ${noun} is registered yet; start a worker that serves one.`, null)
      : new ModelUnavailableError(`The ${noun} "${model}" is not known here.`, model)
  }
  if (!found.kinds.includes(kind)) throw new ModelUnavailableError(`The model "${found.id}" is no ${noun}.`, found.id)
  const { id, kinds, parameters, maxReferences } = found
  return { id, kinds, parameters, maxReferences }
}

const nouns: Record<ModelKind, string> = {
  EDITOR: 'editor',
  GENERATOR: 'image generator',
  FILLER: 'fill model',
  THINKER: 'thinker',
}
