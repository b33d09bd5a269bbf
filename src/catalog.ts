// The models we know, data only; a file a family in catalog/. A model of the catalogue may be named in a job before any
// worker has served it.

import { fluxModels } from './catalog/flux.ts'
import { hostedEditors } from './catalog/hosted-editors.ts'
import { openEditors } from './catalog/open-editors.ts'
import { qwenImageModels } from './catalog/qwen-image.ts'
import { thinkers } from './catalog/thinkers.ts'

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

/** The pictures a model works on: sides that divide by `multipleOf` px, and whether the source's size is restored after. */
type SizeRule = { multipleOf: number; restoresSize: boolean }

/** What starts a model's server on a GPU host. `paper`: the nine services of the paper's repository. */
export type ServerKind = 'vllm-omni' | 'sglang' | 'vllm' | 'paper'

/** An entry of a fleet file without the model's name and, for a server of ours, without its URLs. */
type CatalogEntry = { engine: string } & Readonly<Record<string, string | number | readonly string[]>>

/** One way to serve a model on a host with GPUs. */
export type ModelServer = {
  server: ServerKind
  /** Program and arguments; `{port}` and `{gpus}` are filled in. */
  argv: readonly string[]
  /** Variables beside those of the process that starts it. */
  env: Readonly<Record<string, string>>
  /** How many GPUs one server drives; more GPUs than that make more servers. `all`: one server takes all it is given. */
  gpus: number | 'all'
  /** The only port it listens on; null: any. */
  port: number | null
  /** Answers 200 when the model is loaded. */
  healthPath: string
  /** What a URL of its fleet entry ends in: `/v1`, or nothing. */
  basePath: string
  /** `capacity`: calls at once of one server; where `gpus` is `all`, of one GPU. */
  entry: CatalogEntry & { capacity: number }
}

/** A model as the catalogue describes it. `name` is its makers'; `license` a note for people, not legal advice. */
export type CatalogModel = {
  id: string
  name: string
  kinds: readonly ModelKind[]
  parameters: readonly ModelParameter[]
  license: string
  /** Null: it makes no pictures, or is told no sizes. */
  size: SizeRule | null
  /** How many reference images it takes beside the source; null: no limit is known, or its server sets it. */
  maxReferences: number | null
  /** Ways to serve it, the usual one first. */
  servers: readonly ModelServer[]
  /** How a fleet file lists it where somebody else serves it; null: nobody does, or nobody we know. */
  hosted: CatalogEntry | null
  /** A thinker that only compares a picture with its source: it cannot judge one made from words alone. */
  needsSource?: true
}

const ours = {
  license: 'Apache-2.0, as this software',
  size: null,
  maxReferences: 0,
  servers: [],
  hosted: { engine: 'builtin' },
}

/** The photographic editor that needs no model server. */
export const builtinEditor: CatalogModel = {
  ...ours,
  id: 'builtin-retouch',
  name: 'Builtin retouching',
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
export const builtinCritic: CatalogModel = {
  ...ours,
  id: 'builtin-critic',
  name: 'Builtin critic',
  kinds: ['THINKER'],
  parameters: [],
  needsSource: true,
}

/** Every model we know, by id. */
export const catalog: ReadonlyMap<string, CatalogModel> = new Map(
  [builtinEditor, builtinCritic, ...qwenImageModels, ...fluxModels, ...openEditors, ...hostedEditors, ...thinkers].map(
    model => [model.id, model],
  ),
)
