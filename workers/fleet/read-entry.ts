// One entry of the fleet file, read so that no fault hides another: zod stops at the first sort of fault it meets (an unknown
// engine, then the form, then what fields say of each other), and what needs the environment or other files comes after
// all of them. So a faulty part is replaced by one that will do and the entry is read again; it is not used.

import { z } from 'zod'
import type { EntryContext } from './server-entry.ts'

type Report = EntryContext['report']
type Raw = Record<string, unknown>
type Form<T> = z.ZodType<T> & { options: readonly { shape: Record<string, unknown> }[] }

/** Form, fields among each other, and one more of either. */
const MAX_READINGS = 4

/**
 * The entry, or one like it that has the right form: `report` has been told why. Null: nothing more can be read of it.
 * `name` is unlike any other entry's; `usualEngine` stands in for an unknown one.
 */
export function readEntry<T>(
  form: Form<T>,
  value: unknown,
  { name, usualEngine, report }: { name: string; usualEngine: string; report: Report },
): T | null {
  const told = new Set<string>()
  const given = rawSchema.safeParse(value).data ?? {}
  // Of an engine that nobody knows it cannot be said what it needs, or which fields of the others it has.
  const isMoot = ({ path: [key = ''], isUnknown }: Fault) =>
    told.has('engine') && (!(key in given) || (isUnknown && form.options.some(({ shape }) => key in shape)))
  let entry = value
  for (let reading = 1; reading <= MAX_READINGS; reading++) {
    const result = form.safeParse(entry)
    if (result.success) return result.data
    const faults = result.error.issues.flatMap(toFaults)
    for (const fault of faults) {
      if (!told.has(keyOf(fault)) && !isMoot(fault)) report(fault.message, ...fault.path)
    }
    for (const fault of faults) told.add(keyOf(fault))
    const raw = rawSchema.safeParse(entry)
    if (!raw.success) return null
    entry = faults.reduce((mended, { path }) => mend(mended, path, { name, usualEngine }), raw.data)
  }
  return null
}

const rawSchema = z.record(z.string(), z.unknown())

type Fault = { path: readonly PropertyKey[]; message: string; isUnknown: boolean }

function toFaults({ path, message, ...issue }: z.core.$ZodIssue): Fault[] {
  if (issue.code !== 'unrecognized_keys') return [{ path, message, isUnknown: false }]
  return issue.keys.map(key => ({ path: [...path, key], message: 'is not known here', isUnknown: true }))
}

function keyOf({ path }: Fault): string {
  return String(path[0] ?? '')
}

// Without the faulty part, or with one in its place that every engine can do with.
function mend(
  entry: Raw,
  path: readonly PropertyKey[],
  { name, usualEngine }: { name: string; usualEngine: string },
): Raw {
  const [key = 'url', inner] = path.map(String)
  const { [key]: part, ...rest } = entry
  if (key === 'url' && 'urls' in entry) return rest
  const url = `http://${name}`
  const standIns: Raw = {
    model: name,
    engine: usualEngine,
    url,
    urls: [url],
    style: 'json',
    provider: 'bfl',
    bindings: {},
  }
  if (key in standIns) return { ...rest, [key]: standIns[key] }
  if (key === 'service') return { ...rest, service: 'qwen_edit_api', parameters: {} }
  const parts = rawSchema.safeParse(part)
  if (inner === undefined || !parts.success) return rest
  const { [inner]: _, ...others } = parts.data
  return { ...rest, [key]: others }
}
