// The models we know, data only. A model of the catalogue may be named in a job before any worker has served it.

/** What a model does: EDITOR changes a picture, GENERATOR makes one, FILLER fills a mask, THINKER judges. */
export type ModelKind = 'EDITOR' | 'GENERATOR' | 'FILLER' | 'THINKER'

/** A setting that a job may give its model; `min` and `max` are inclusive, `default` null leaves it to the model. */
export type ModelParameter = {
  name: string
  type: 'integer' | 'number' | 'string' | 'boolean'
  default: number | string | boolean | null
  min: number | null
  max: number | null
  description: string
}

/** A model as the catalogue describes it. */
export type CatalogModel = { id: string; kinds: readonly ModelKind[]; parameters: readonly ModelParameter[] }

/** The photographic editor that needs no model server. */
export const builtinEditor: CatalogModel = {
  id: 'builtin-retouch',
  kinds: ['EDITOR'],
  parameters: [
    {
      name: 'variation',
      type: 'number',
      default: 0,
      min: 0,
      max: 0.25,
      description:
        'How far the seed may move the strength of every graded change, as a fraction: with 0.1 each candidate of a round works 0 to 10% weaker or stronger. 0 edits exactly as written.',
    },
  ],
}

/** The measuring critic that needs no model server. */
export const builtinCritic: CatalogModel = { id: 'builtin-critic', kinds: ['THINKER'], parameters: [] }

/** Every model we know, by id. */
export const catalog: ReadonlyMap<string, CatalogModel> = new Map(
  [builtinEditor, builtinCritic].map(model => [model.id, model]),
)
