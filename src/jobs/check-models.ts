import { catalog, type ModelKind } from '../catalog.ts'
import type { Queryable } from '../db.ts'
import { InvalidInputError, ModelUnavailableError } from '../errors.ts'
import { checkParameters } from '../fleet/check-parameters.ts'
import { type ResolvedModel, resolveModel } from '../fleet/resolve-model.ts'
import type { JobKind, JobSettings } from './job-row.ts'

/** Resolves each model once a request. */
export type ModelCache = (
  kind: ModelKind,
  model: string | null,
  lastChoice?: readonly string[],
) => Promise<ResolvedModel>

export function modelCache(db: Queryable): ModelCache {
  const found = new Map<string, Promise<ResolvedModel>>()
  return (kind, model, lastChoice = []) => {
    const key = [kind, model ?? '', ...lastChoice].join(' ')
    const known = found.get(key) ?? resolveModel(db, { kind, model, lastChoice })
    found.set(key, known)
    return known
  }
}

/** What a job asks of models. Null model: the default of its kind. */
type ModelWish = {
  kind: JobKind
  editor: string | null
  thinker: string | null
  settings: JobSettings
  /** How many reference images it names, and the field that an error should name when they are too many. */
  references: { count: number; field: string }
}

/**
 * Names the models of a job, each of which does what the job's kind needs, and checks its parameters against the
 * editor's, as well as the number of reference images. Throws ModelUnavailableError, or InvalidInputError for settings
 * that the kind or its models cannot follow.
 */
export async function checkModels(
  models: ModelCache,
  wish: ModelWish,
): Promise<{ editor: string; thinker: string | null; settings: JobSettings }> {
  const { kind, settings } = wish
  if (kind === 'GENERATE' && settings.firstRound === 'EVALUATE') throw new InvalidInputError(...nothingToEvaluate)
  const editor = await models(editorKinds[kind], wish.editor)
  assertTakes(editor, wish.references)
  const thinker = settings.critique ? await loadThinker(models, kind, wish.thinker) : null
  const fallbacks = await Promise.all(
    settings.fallbackEditors.map((model, i) => loadFallback(models, editorKinds[kind], { model, i })),
  )
  fallbacks.forEach((model, i) => {
    assertTakes(model, { count: wish.references.count, field: `settings.fallbackEditors.${i}` })
  })
  if (kind === 'GENERATE') for (const model of [editor, ...fallbacks]) assertGoesOn(model, settings)
  return {
    editor: editor.id,
    thinker: thinker?.id ?? null,
    settings: {
      ...settings,
      editorParameters: checkParameters(editor.parameters, settings.editorParameters, 'settings.editorParameters'),
    },
  }
}

const editorKinds = { EDIT: 'EDITOR', GENERATE: 'GENERATOR', FILL: 'FILLER' } as const

function assertTakes({ id, maxReferences }: ResolvedModel, { count, field }: ModelWish['references']): void {
  if (maxReferences === null || count <= maxReferences) return
  const most = maxReferences === 0 ? 'no reference images' : `at most ${maxReferences} reference images`
  throw new InvalidInputError(field, `The model "${id}" takes ${most}, and the job has ${count}.`)
}

const comparers = [...catalog.values()].filter(({ needsSource }) => needsSource).map(({ id }) => id)

// A generation has nothing to compare with: such a critic would fail the job once its first picture was made.
async function loadThinker(models: ModelCache, kind: JobKind, model: string | null): Promise<ResolvedModel> {
  if (kind !== 'GENERATE') return await models('THINKER', model)
  const thinker = await models('THINKER', model, comparers)
  if (!comparers.includes(thinker.id)) return thinker
  throw new InvalidInputError(
    'thinker',
    `thinker must be one that judges a picture by the instruction alone: "${thinker.id}" compares it with its source, which a generation has not. Name another, or set settings.critique to false for one picture without a critique.`,
  )
}

async function loadFallback(
  models: ModelCache,
  kind: ModelKind,
  { model, i }: { model: string; i: number },
): Promise<ResolvedModel> {
  try {
    return await models(kind, model)
  } catch (error) {
    if (error instanceof ModelUnavailableError)
      throw new InvalidInputError(`settings.fallbackEditors.${i}`, error.message)
    throw error
  }
}

const nothingToEvaluate = [
  'settings.firstRound',
  'settings.firstRound must be DIRECT or POLISH: a picture made from words alone has no source to evaluate first.',
] as const

// A later round of a generation that starts from an earlier picture is an edit of it.
function assertGoesOn({ id, kinds }: ResolvedModel, { editFrom }: JobSettings): void {
  if (editFrom === 'SOURCE' || kinds.includes('EDITOR')) return
  throw new InvalidInputError(
    'settings.editFrom',
    `settings.editFrom must be SOURCE, which makes each round anew: the model "${id}" generates pictures but edits none.`,
  )
}
