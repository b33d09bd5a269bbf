// What the fleet file says of any editor beyond its servers: what it makes, and which parameters its jobs may set.

import { z } from 'zod'
import { catalog, type ModelKind, type ModelParameter } from '../../src/catalog.ts'
import { findFault } from '../../src/fleet/check-parameters.ts'
import type { FleetModel } from './fleet.ts'
import type { EntryContext } from './server-entry.ts'

/** A value by itself is the default sent with every call; an object says more. */
const parameter = z.union([
  z.union([z.string(), z.number(), z.boolean()]),
  z.strictObject({
    type: z.enum(['integer', 'number', 'string', 'boolean']),
    default: z.union([z.string(), z.number(), z.boolean()]).optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    description: z.string().max(500).default(''),
  }),
])

type ParameterEntry = z.infer<typeof parameter>

const kindNames = { edit: 'EDITOR', generate: 'GENERATOR', fill: 'FILLER' } as const

/** What every editor entry may say: the kinds of job it serves, sizes and number of its pictures, its parameters. */
export const editorFields = {
  kinds: z
    .array(z.enum(['edit', 'generate', 'fill']))
    .min(1, 'must name at least one of edit, generate and fill')
    .optional(),
  restoreSize: z.boolean().optional(),
  // 64 squared is the least maxPixels.
  multipleOf: z.number().int().min(1).max(64).optional(),
  maxReferences: z.number().int().min(0).max(64).nullable().optional(),
  parameters: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), parameter).default({}),
}

/** The kinds an entry names, else those its engine usually serves. */
export function toKinds(
  named: readonly (keyof typeof kindNames)[] | undefined,
  usual: readonly ModelKind[],
): readonly ModelKind[] {
  return named === undefined ? usual : [...new Set(named.map(name => kindNames[name]))]
}

/** The sizes in which an editor is sent pictures and gives them back: the file's, else the catalogue's, else any. */
export function toSizeRule(entry: {
  model: string
  restoreSize?: boolean | undefined
  multipleOf?: number | undefined
}): Pick<FleetModel, 'multipleOf' | 'restoresSize'> {
  const { multipleOf = 1, restoresSize = true } = catalog.get(entry.model)?.size ?? {}
  return { multipleOf: entry.multipleOf ?? multipleOf, restoresSize: entry.restoreSize ?? restoresSize }
}

/** Of the pictures that a call has room for, those beside the source, where one is sent. */
export function besideSource(pictures: number | null, kinds: readonly ModelKind[]): number | null {
  const needsSource = kinds.includes('EDITOR') || kinds.includes('FILLER')
  return pictures === null ? null : pictures - Number(needsSource)
}

/** The parameters a model takes: those of its profile, changed and extended by the file's. */
export function toParameters(
  known: readonly ModelParameter[],
  entries: Readonly<Record<string, ParameterEntry>>,
): ModelParameter[] {
  const kept = known.filter(({ name }) => !(name in entries))
  const own = Object.entries(entries).map(([name, entry]): ModelParameter => {
    const base = known.find(candidate => candidate.name === name)
    if (typeof entry !== 'object') {
      const type = typeof entry === 'number' ? 'number' : typeof entry === 'boolean' ? 'boolean' : 'string'
      const fresh = { name, type, min: null, max: null, description: '' } as const
      return { ...(base ?? fresh), default: entry }
    }
    const { type, description, min = null, max = null } = entry
    return {
      name,
      type,
      default: entry.default ?? null,
      min,
      max,
      description: description || (base?.description ?? ''),
    }
  })
  return [...kept, ...own]
}

/** Reports a default of the entry that no job could set itself: it would go out with every call and be refused. */
export function checkDefaults(
  entry: { engine: string; parameters?: Readonly<Record<string, ParameterEntry>> },
  { parameters }: Pick<FleetModel, 'parameters'>,
  { report }: EntryContext,
): void {
  for (const parameter of parameters) {
    const { name, default: value, min, max } = parameter
    if (!Object.hasOwn(entry.parameters ?? {}, name)) continue
    const fault = value === null ? null : findFault(parameter, value)
    if (min !== null && max !== null && min > max) report('has a min above its max', 'parameters', name)
    else if (fault) report(`${fault} by default`, 'parameters', name)
  }
}
