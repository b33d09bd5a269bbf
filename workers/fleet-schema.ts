// The fleet file's entries as zod reads them. The next engines add a member to `Editor`.

import { z } from 'zod'
import type { ModelParameter } from '../src/catalog.ts'

const modelId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$/, 'must be 1 to 128 letters, digits, dots, slashes, colons or hyphens')

const serverUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
  .refine(url => !URL.canParse(url) || new URL(url).username === '', 'must hold no user or password; use key')
  .refine(url => !/[?#]/.test(url), 'must have no query and no fragment')
  .transform(url => url.replace(/\/+$/, ''))

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

/** One entry under `parameters` of the file. */
export type ParameterEntry = z.infer<typeof parameter>

const seconds = z.number().positive().max(86_400)
const pixels = z.number().int().min(4_096).max(1_000_000_000).nullable()
const capacity = z.number().int().min(1).max(1_024)

const server = {
  model: modelId,
  servedModel: z.string().min(1).max(256).optional(),
  url: serverUrl.optional(),
  urls: z.array(serverUrl).min(1, 'must name at least one URL').optional(),
  capacity: capacity.default(1),
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
  deadlineSeconds: seconds.optional(),
  maxPixels: pixels.optional(),
}

/** Exactly one of `url` and `urls`, at most one of `key` and `keyEnv`. */
function checkPairs(
  entry: { url?: unknown; urls?: unknown; key?: unknown; keyEnv?: unknown },
  context: z.RefinementCtx,
) {
  const urls = Number(entry.url !== undefined) + Number(entry.urls !== undefined)
  if (urls === 0) context.addIssue({ code: 'custom', message: 'must name its servers: url or urls' })
  if (urls === 2) context.addIssue({ code: 'custom', path: ['url'], message: 'give url or urls, not both' })
  if (entry.key !== undefined && entry.keyEnv !== undefined) {
    context.addIssue({ code: 'custom', path: ['keyEnv'], message: 'give key or keyEnv, not both' })
  }
}

const builtin = <Model extends string>(model: Model) =>
  z.strictObject({
    model: z.literal(model),
    engine: z.literal('builtin'),
    capacity: z.union([capacity, z.literal('cores')]).default('cores'),
    deadlineSeconds: seconds.optional(),
  })

const openaiImages = z
  .strictObject({
    ...server,
    engine: z.literal('openai-images'),
    profile: z.enum(['openai', 'vllm-omni', 'sglang', 'generic']).default('generic'),
    restoreSize: z.boolean().default(true),
    parameters: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/), parameter).default({}),
  })
  .superRefine(checkPairs)

const openaiChat = z
  .strictObject({
    ...server,
    engine: z.literal('openai-chat'),
    style: z.enum(['tagged', 'json']),
    critiqueTemplate: z.string().min(1).optional(),
    polishTemplate: z.string().min(1).optional(),
    temperature: z.number().min(0).max(2).nullable().default(0.7),
    maxTokens: z.number().int().min(64).max(1_000_000).default(4_096),
  })
  .superRefine(checkPairs)

/** The whole file. Unknown names are refused, so that a misspelt setting is not silently without effect. */
export const fleetFileSchema = z.strictObject({
  editors: z.array(z.discriminatedUnion('engine', [builtin('builtin-retouch'), openaiImages])).default([]),
  thinkers: z.array(z.discriminatedUnion('engine', [builtin('builtin-critic'), openaiChat])).default([]),
})

/** The file as read. */
type FleetFile = z.infer<typeof fleetFileSchema>
export type EditorEntry = FleetFile['editors'][number]
export type ThinkerEntry = FleetFile['thinkers'][number]

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
