import { z } from 'zod'
import type { ModelKind, ModelParameter } from '../../src/catalog.ts'
import {
  type ComfyBindings,
  type ComfyInput,
  type ComfyWorkflow,
  findInput,
  findNode,
  parseWorkflow,
  valueAt,
} from '../engines/comfyui-workflow.ts'
import { editorFields, toKinds, toParameters, toSizeRule } from './editor-entry.ts'
import { editDeadlineMs, stricterOf } from './fleet.ts'
import {
  checkServer,
  type EntryContext,
  fileName,
  readNamedFile,
  serverFields,
  toAccess,
  toServer,
  type Unplaced,
} from './server-entry.ts'

const { servedModel: _, ...reached } = serverFields
const binding = z.string().min(1)

/** `bindings`: what of a request goes to which inputs; a list fills several, but for `references`, where each fills one. */
export const comfyuiEntry = z
  .strictObject({
    ...reached,
    ...editorFields,
    engine: z.literal('comfyui'),
    workflow: fileName,
    bindings: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), z.union([binding, z.array(binding).min(1)])),
    output: z.string().min(1).optional(),
  })
  .superRefine(checkServer)

type ComfyuiEntry = z.infer<typeof comfyuiEntry>

/** Beyond this a source is scaled down before it is sent. */
const EDIT_PIXELS = 4_194_304
/** Filled in by the request itself; any other binding is a parameter of the model. */
const ownNames = new Set(['image', 'references', 'mask', 'prompt', 'seed', 'width', 'height'])

/** An editor behind a ComfyUI server. Everything that is wrong with its workflow and bindings is reported. */
export function toComfyui(entry: ComfyuiEntry, context: EntryContext): Unplaced {
  const { engine, maxReferences = null, parameters } = entry
  const kinds = toKinds(entry.kinds, ['EDITOR'])
  const workflow = readWorkflow(entry.workflow, context)
  const bindings = workflow === null ? noBindings : toBindings(entry, workflow, context)
  if (workflow !== null) reportMissing(bindings, kinds, context)
  for (const name of Object.keys(parameters)) {
    if (!(name in entry.bindings)) context.report('is bound to no input of the workflow', 'parameters', name)
  }
  return {
    ...toServer(entry, { deadlineMs: editDeadlineMs, maxPixels: EDIT_PIXELS }),
    kinds,
    settings: { engine, key: toAccess(entry, context).key, workflow: workflow ?? {}, bindings },
    ...toSizeRule(entry),
    maxReferences: stricterOf(maxReferences, bindings.references.length),
    parameters: toParameters(workflow === null ? [] : parametersOf(workflow, bindings, parameters), parameters),
  }
}

const noBindings: ComfyBindings = { fields: {}, references: [], output: '' }

function readWorkflow(name: string, context: EntryContext): ComfyWorkflow | null {
  const text = readNamedFile(name, 'workflow', context)
  if (text === null) return null
  const read = parseWorkflow(text)
  if ('workflow' in read) return read.workflow
  for (const problem of read.problems) context.report(problem, 'workflow')
  return null
}

function toBindings(entry: ComfyuiEntry, workflow: ComfyWorkflow, context: EntryContext): ComfyBindings {
  const find = (name: string): ComfyInput[] => {
    const named = entry.bindings[name] ?? []
    return [named].flat().flatMap(text => {
      const found = findInput(workflow, text)
      if (typeof found !== 'string') return [found]
      context.report(`${found} (${text})`, 'bindings', name)
      return []
    })
  }
  const names = Object.keys(entry.bindings).filter(name => name !== 'references')
  const fields = Object.fromEntries(names.map(name => [name, find(name)]))
  return { fields, references: find('references'), output: findOutput(entry.output, workflow, context) }
}

function findOutput(name: string | undefined, workflow: ComfyWorkflow, context: EntryContext): string {
  if (name !== undefined) {
    const found = findNode(workflow, name)
    if ('id' in found) return found.id
    context.report(found.problem, 'output')
    return ''
  }
  const saving = Object.entries(workflow).filter(([, { class_type }]) => /^(?:Save|Preview)Image/.test(class_type))
  if (saving.length !== 1) {
    const message = `has ${saving.length} nodes that save or preview an image; name the right one with output`
    context.report(message, 'workflow')
  }
  return saving[0]?.[0] ?? ''
}

function reportMissing({ fields }: ComfyBindings, kinds: readonly ModelKind[], context: EntryContext): void {
  const needsSource = kinds.includes('EDITOR') || kinds.includes('FILLER')
  const needed = ['prompt', 'seed', ...(needsSource ? ['image'] : []), ...(kinds.includes('FILLER') ? ['mask'] : [])]
  for (const name of needed) if (!(name in fields)) context.report(`must say where the ${name} goes`, 'bindings')
}

// A whole number of the workflow may stand for any: the file's own default tells.
function parametersOf(
  workflow: ComfyWorkflow,
  { fields }: ComfyBindings,
  own: ComfyuiEntry['parameters'],
): ModelParameter[] {
  return Object.entries(fields).flatMap(([name, [input]]) => {
    const value = ownNames.has(name) || !input ? undefined : valueAt(workflow, input)
    if (typeof value !== 'number' && typeof value !== 'string' && typeof value !== 'boolean') return []
    const isWhole = [value, own[name] ?? value].every(each => typeof each !== 'number' || Number.isInteger(each))
    const type = typeof value === 'number' ? (isWhole ? 'integer' : 'number') : typeof value
    const known: ModelParameter = { name, type: 'string', default: value, min: null, max: null, description: '' }
    return [{ ...known, type: type as ModelParameter['type'] }] // of the three that typeof gives here
  })
}
