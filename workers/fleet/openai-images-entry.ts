import { z } from 'zod'
import { catalog } from '../../src/catalog.ts'
import { imagesParameters } from '../engines/images-parameters.ts'
import { imagesDialects } from '../engines/openai-images-dialect.ts'
import { withCatalog } from './catalog-parameters.ts'
import { besideSource, editorFields, toKinds, toParameters, toSizeRule } from './editor-entry.ts'
import { editDeadlineMs, stricterOf } from './fleet.ts'
import { checkServer, type EntryContext, serverFields, toAccess, toServer, type Unplaced } from './server-entry.ts'

export const openaiImagesEntry = z
  .strictObject({
    ...serverFields,
    ...editorFields,
    engine: z.literal('openai-images'),
    profile: z.enum(['openai', 'vllm-omni', 'sglang', 'generic']).default('generic'),
  })
  .superRefine(checkServer)

/** Beyond this a source is scaled down before it is sent. */
const EDIT_PIXELS = 4_194_304

/** An editor behind /v1/images/edits. */
export function toOpenaiImages(entry: z.infer<typeof openaiImagesEntry>, context: EntryContext): Unplaced {
  const { engine, profile, parameters } = entry
  const kinds = toKinds(entry.kinds, ['EDITOR'])
  const { maxReferences = catalog.get(entry.model)?.maxReferences ?? null } = entry
  const { mask, maxImages } = imagesDialects[profile]
  if (kinds.includes('FILLER') && mask === null) {
    context.report(
      `cannot hold fill: servers of the profile ${profile} ignore masks and change the whole picture`,
      'kinds',
    )
  }
  return {
    ...toServer(entry, { deadlineMs: editDeadlineMs, maxPixels: EDIT_PIXELS }),
    kinds,
    settings: { engine, profile, ...toAccess(entry, context) },
    ...toSizeRule(entry),
    maxReferences: stricterOf(maxReferences, besideSource(maxImages, kinds)),
    parameters: toParameters(withCatalog(entry.model, imagesParameters[profile]), parameters),
  }
}
