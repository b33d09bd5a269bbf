import { z } from 'zod'
import type { HostedDialect } from '../engines/providers/provider.ts'
import { dialectOf, type ProviderId, providers } from '../engines/providers/providers.ts'
import { withCatalog } from './catalog-parameters.ts'
import { besideSource, editorFields, toKinds, toParameters, toSizeRule } from './editor-entry.ts'
import { editDeadlineMs, stricterOf } from './fleet.ts'
import { checkServer, type EntryContext, serverFields, toAccess, toServer, type Unplaced } from './server-entry.ts'

const providerIds: readonly ProviderId[] = ['bfl', 'replicate', 'fal']
const fieldName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'must be the name of a field')

/** `pictures` and `maskField` are for models that we know no names of; the servers are the provider's own unless they are named. */
export const asyncJobEntry = z
  .strictObject({
    ...serverFields,
    ...editorFields,
    engine: z.literal('async-job'),
    provider: z.enum(providerIds, { error: `must be one of ${providerIds.join(', ')}` }),
    pictures: z
      .strictObject({
        field: fieldName,
        as: z.enum(['single', 'list', 'numbered']).default('single'),
        max: z.number().int().min(1).max(16).optional(),
      })
      .optional(),
    maskField: fieldName.optional(),
  })
  .superRefine((entry, context) => {
    const isProvidersOwn = entry.url === undefined && entry.urls === undefined
    checkServer(isProvidersOwn ? { ...entry, url: providers[entry.provider].defaultUrl } : entry, context)
  })

/** Beyond this a source is scaled down before it is sent. */
const EDIT_PIXELS = 4_194_304
const MANY_PICTURES = 8

/** An editor of a hosted provider that is submitted to and polled. */
export function toAsyncJob(entry: z.infer<typeof asyncJobEntry>, context: EntryContext): Unplaced {
  const { engine, provider, maxReferences = null, parameters } = entry
  const server = toServer(entry, { deadlineMs: editDeadlineMs, maxPixels: EDIT_PIXELS })
  const access = toAccess(entry, context)
  const dialect = toDialect(entry, dialectOf(provider, access.servedModel))
  const kinds = toKinds(entry.kinds, dialect.kinds)
  return {
    ...server,
    urls: server.urls.length > 0 ? server.urls : [providers[provider].defaultUrl],
    kinds,
    settings: { engine, provider, ...access, dialect },
    ...toSizeRule(entry),
    maxReferences: stricterOf(maxReferences, besideSource(dialect.pictures.max, kinds)),
    parameters: toParameters(withCatalog(entry.model, dialect.parameters), parameters),
  }
}

function toDialect({ pictures, maskField }: z.infer<typeof asyncJobEntry>, known: HostedDialect): HostedDialect {
  const { field, as, max } = pictures ?? {}
  return {
    ...known,
    ...(field && as && { pictures: { field, as, max: max ?? (as === 'single' ? 1 : MANY_PICTURES) } }),
    ...(maskField && { mask: maskField }),
  }
}
