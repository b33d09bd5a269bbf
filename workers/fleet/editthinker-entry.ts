import { z } from 'zod'
import type { ModelParameter } from '../../src/catalog.ts'
import { type EditthinkerService, editthinkerServiceIds, editthinkerServices } from '../engines/editthinker-services.ts'
import { editorFields, toParameters, toSizeRule } from './editor-entry.ts'
import { editDeadlineMs } from './fleet.ts'
import { checkServer, type EntryContext, serverFields, toAccess, toServer, type Unplaced } from './server-entry.ts'

const { servedModel: _, ...reached } = serverFields
const { kinds: __, maxReferences: ___, ...edited } = editorFields

/** One of the paper's nine services by its script's name; the service says which kind of job it serves. */
export const editthinkerEntry = z
  .strictObject({
    ...reached,
    ...edited,
    engine: z.literal('editthinker'),
    service: z.enum(editthinkerServiceIds, { error: `must be one of ${editthinkerServiceIds.join(', ')}` }),
  })
  .superRefine(checkServer)

/** Two thousand pixels a side is what the services' own upload form shrinks to. */
const EDIT_PIXELS = 4_194_304

/** An editor, filler or generator of the paper's own servers. */
export function toEditthinker(entry: z.infer<typeof editthinkerEntry>, context: EntryContext): Unplaced {
  const { engine, service, parameters } = entry
  const { kind, parameters: known, synonyms } = editthinkerServices[service]
  for (const name of Object.keys(parameters)) {
    // It would be dropped in silence there.
    if (!known.some(parameter => parameter.name === name))
      context.report(`is no field of ${service}; it has ${known.map(each => each.name).join(', ')}`, 'parameters', name)
  }
  return {
    ...toServer(entry, { deadlineMs: editDeadlineMs, maxPixels: EDIT_PIXELS }),
    kinds: [kind],
    settings: { engine, service, key: toAccess(entry, context).key },
    ...toSizeRule(entry),
    // A service takes the picture that it edits or fills, and no other.
    maxReferences: 0,
    parameters: withSynonyms(toParameters(known, parameters), synonyms),
  }
}

/** What a job may name a parameter by at the model's other servers it may name it by here. */
function withSynonyms(known: readonly ModelParameter[], synonyms: EditthinkerService['synonyms']): ModelParameter[] {
  const further = Object.entries(synonyms).flatMap(([synonym, field]) => {
    const meant = known.find(({ name }) => name === field)
    return meant ? [{ ...meant, name: synonym, default: null, description: `The same as ${field}.` }] : []
  })
  return [...known, ...further]
}
