// What a fleet file says of each kind of fake server.

import { stringify } from 'yaml'
import type { ProviderId } from '../../workers/engines/providers/providers.ts'
import type { Fleet } from '../../workers/fleet/fleet.ts'
import { parseFleet } from '../../workers/fleet/fleet-file.ts'
import { comfyBindingTexts, comfyWorkflow } from './comfy-workflow.ts'
import type { ImagesMaker } from './fake-images-server.ts'
import { fakeProviderKey } from './fake-provider.ts'
import type { ChatMaker } from './fake-thinker.ts'

/** One entry: of an editor or of a thinker, by the list it is put into. */
export type FleetEntry = Record<string, unknown> & { model: string; engine: string; url: string }

/** The variables that entries name, and the file that lies beside the fleet file. */
export const fleetEnv = { SERVER_KEY: 'sk-test', PROVIDER_KEY: fakeProviderKey }
export const workflowFile = { name: 'workflow.json', text: JSON.stringify(comfyWorkflow) }

/** One of the paper's services. Its model is the service's name unless another is given. */
export function paperEntry(service: string, url: string, model = service): FleetEntry {
  return { model, engine: 'editthinker', service, url }
}

/** What a job of a model's kind is called. */
export const jobKindOf = { EDITOR: 'EDIT', FILLER: 'FILL', GENERATOR: 'GENERATE' } as const

/** The kinds of job that a server of the OpenAI Images API does. SGLang ignores masks. */
export function kindsAt(profile: ImagesMaker): ('EDIT' | 'FILL' | 'GENERATE')[] {
  return profile === 'sglang' ? ['EDIT', 'GENERATE'] : ['EDIT', 'FILL', 'GENERATE']
}

/** Such a server, for all that it does. */
export function imagesEntry(profile: ImagesMaker, url: string, model: string = profile): FleetEntry {
  const kinds = kindsAt(profile).map(kind => kind.toLowerCase())
  return { model, engine: 'openai-images', profile, url, keyEnv: 'SERVER_KEY', kinds }
}

/** A provider's model. */
export function providerEntry(provider: ProviderId, servedModel: string, url: string, model = servedModel): FleetEntry {
  return { model, servedModel, engine: 'async-job', provider, url, keyEnv: 'PROVIDER_KEY' }
}

/** A ComfyUI server with the tests' workflow. */
export function comfyEntry(url: string, model = 'comfy'): FleetEntry {
  return { model, engine: 'comfyui', url, workflow: workflowFile.name, bindings: comfyBindingTexts }
}

/** A thinker. */
export function chatEntry(profile: ChatMaker, style: 'tagged' | 'json', url: string, model: string): FleetEntry {
  return { model, engine: 'openai-chat', profile, style, url, keyEnv: 'SERVER_KEY' }
}

/** The text of a fleet file. */
export function toFleetText(entries: { editors: readonly FleetEntry[]; thinkers?: readonly FleetEntry[] }): string {
  return stringify(entries)
}

/** The same as it is read. */
export function toFleet(entries: Parameters<typeof toFleetText>[0]): Fleet {
  const readFile = (name: string) => (name === workflowFile.name ? workflowFile.text : '')
  return parseFleet(toFleetText(entries), { path: 'fleet.yaml', env: fleetEnv, readFile })
}
