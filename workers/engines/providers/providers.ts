import { bfl } from './bfl.ts'
import { fal } from './fal.ts'
import type { HostedDialect, Provider } from './provider.ts'
import { replicate } from './replicate.ts'

/** The hosted providers we know, by the name that the fleet file uses. */
export const providers = { bfl, replicate, fal } satisfies Record<string, Provider>

/** A provider's name in the fleet file. */
export type ProviderId = keyof typeof providers

/** What a model of the provider is spoken to in. */
export function dialectOf(id: ProviderId, model: string): HostedDialect {
  const { dialects } = providers[id]
  const found = dialects.find(({ models }) => models.test(model))
  if (!found) throw new Error('The last dialect of a provider must fit every model.')
  return found
}
