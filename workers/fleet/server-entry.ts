// What the fleet file says of any model server: how it is named, reached and loaded, and how one such entry is read.

import { z } from 'zod'
import type { FleetModel } from './fleet.ts'

/** Environment variables by name, for `key` and `keyEnv`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where an entry is read: problems are reported with the path inside it, and all of them are told at once. */
export type EntryContext = {
  env: Environment
  /** The content of a file named in the entry, found beside the fleet file; throws when it cannot be read. */
  readFile: (name: string) => string
  report: (message: string, ...at: PropertyKey[]) => void
}

/** A model of the file before its place there is known. */
export type Unplaced = Omit<FleetModel, 'position'>

const modelId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$/, 'must be 1 to 128 letters, digits, dots, slashes, colons or hyphens')

const serverUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
  .refine(url => !URL.canParse(url) || new URL(url).username === '', 'must hold no user or password; use key')
  .refine(url => !/[?#]/.test(url), 'must have no query and no fragment')
  .transform(url => new URL(url).href.replace(/\/+$/, ''))

/** How long one call may take. */
export const secondsRule = z.number().positive().max(86_400)

/** Calls at once. */
export const capacityRule = z.number().int().min(1).max(1_024)

/** A file beside the fleet file. */
export const fileName = z.string().min(1)

/** What every entry with a server of its own may say. */
export const serverFields = {
  model: modelId,
  servedModel: z.string().min(1).max(256).optional(),
  url: serverUrl.optional(),
  urls: z.array(serverUrl).min(1, 'must name at least one URL').optional(),
  capacity: capacityRule.default(1),
  key: z
    .string()
    .regex(
      /^\$\{ENV:[A-Za-z_][A-Za-z0-9_]*\}$/,
      `must be \${ENV:NAME}: put the key itself into a variable of that name`,
    )
    .optional(),
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
    .optional(),
  deadlineSeconds: secondsRule.optional(),
  maxPixels: z.number().int().min(4_096).max(1_000_000_000).nullable().optional(),
}

/** Exactly one of `url` and `urls`, at most one of `key` and `keyEnv`. */
export function checkServer(
  entry: { url?: unknown; urls?: unknown; key?: unknown; keyEnv?: unknown },
  context: z.RefinementCtx,
): void {
  const urls = Number(entry.url !== undefined) + Number(entry.urls !== undefined)
  if (urls === 0) context.addIssue({ code: 'custom', message: 'must name its servers: url or urls' })
  if (urls === 2) context.addIssue({ code: 'custom', path: ['url'], message: 'give url or urls, not both' })
  if (entry.key !== undefined && entry.keyEnv !== undefined) {
    context.addIssue({ code: 'custom', path: ['keyEnv'], message: 'give key or keyEnv, not both' })
  }
}

type ServerEntry = z.infer<z.ZodObject<typeof serverFields>>

/** The entry's servers and limits, with what is usual for its kind where it says nothing. */
export function toServer(
  entry: ServerEntry,
  usual: { deadlineMs: number; maxPixels: number },
): Pick<FleetModel, 'model' | 'capacity' | 'urls' | 'deadlineMs' | 'maxPixels'> {
  const { model, capacity, url, urls, deadlineSeconds, maxPixels = usual.maxPixels } = entry
  const deadlineMs = deadlineSeconds === undefined ? usual.deadlineMs : deadlineSeconds * 1_000
  return { model, capacity, urls: urls ?? (url === undefined ? [] : [url]), deadlineMs, maxPixels }
}

/** The name and the secret that the servers want; a variable that is not set is reported. */
export function toAccess(
  { model, servedModel = model, key, keyEnv }: ServerEntry,
  { env, report }: EntryContext,
): { servedModel: string; key: string | null } {
  const name = keyEnv ?? key?.slice('${ENV:'.length, -1)
  if (name === undefined) return { servedModel, key: null }
  const secret = env[name]?.trim()
  const field = keyEnv === undefined ? 'key' : 'keyEnv'
  if (!secret) report(`the environment variable ${name} is not set`, field)
  else if (!/^[\x21-\x7e]+$/.test(secret)) {
    report(`the environment variable ${name} holds more than a key: spaces, line ends or letters beyond ASCII`, field)
  }
  return { servedModel, key: secret ?? null }
}

/** The content of the file that the entry names under `field`; null: it names none, or it is reported. */
export function readNamedFile(name: string | undefined, field: string, context: EntryContext): string | null {
  if (name === undefined) return null
  try {
    return context.readFile(name)
  } catch (error) {
    context.report(`cannot be read (${codeOf(error)})`, field)
    return null
  }
}

/** A system error's code, for people. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
}
