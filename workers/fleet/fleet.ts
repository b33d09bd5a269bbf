import { availableParallelism } from 'node:os'
import { builtinCritic, builtinEditor, type ModelKind, type ModelParameter } from '../../src/catalog.ts'
import type { ComfyBindings, ComfyWorkflow } from '../engines/comfyui-workflow.ts'
import type { EditthinkerServiceId } from '../engines/editthinker-services.ts'
import type { ChatProfile } from '../engines/openai-chat-dialect.ts'
import type { HostedDialect } from '../engines/providers/provider.ts'
import type { ProviderId } from '../engines/providers/providers.ts'

/** How to reach the model servers of one fleet entry; secrets are already read from the environment. */
type EngineSettings =
  | { engine: 'builtin' }
  | { engine: 'openai-images'; profile: ImagesProfile; servedModel: string; key: string | null }
  | { engine: 'async-job'; provider: ProviderId; servedModel: string; key: string | null; dialect: HostedDialect }
  | { engine: 'editthinker'; service: EditthinkerServiceId; key: string | null }
  | { engine: 'comfyui'; key: string | null; workflow: ComfyWorkflow; bindings: ComfyBindings }
  | {
      engine: 'openai-chat'
      profile: ChatProfile
      style: PromptStyle
      servedModel: string
      key: string | null
      /** Texts of the operator's template files, byte for byte; null: ours. */
      critiqueTemplate: string | null
      polishTemplate: string | null
      /** The same for pictures made from words alone. */
      generateCritiqueTemplate: string | null
      generatePolishTemplate: string | null
      /** Null: not sent, for models that refuse it, or to leave it to the model's own. */
      temperature: number | null
      topP: number | null
      topK: number | null
      maxTokens: number
      /** Whether the server is to hold the answer to a JSON schema. */
      structuredOutputs: boolean
    }

/** Which dialect of /v1/images/edits a server speaks. */
export type ImagesProfile = 'openai' | 'vllm-omni' | 'sglang' | 'generic'

/** `tagged`: think, score and answer tags, what EditThinker-8B was trained on. `json`: a JSON object, for general models. */
type PromptStyle = 'tagged' | 'json'

/** One model of the fleet file. `capacity` is calls at once for each URL; a builtin model has no URLs. */
export type FleetModel = {
  /** THINKER alone, or some of EDITOR, GENERATOR and FILLER. */
  kinds: readonly ModelKind[]
  model: string
  /** Its place in the file: the first of a kind that is served is the default. */
  position: number
  settings: EngineSettings
  urls: readonly string[]
  capacity: number
  /** A call that takes longer is ended and counted as a failure. */
  deadlineMs: number
  /** Pictures with more pixels are scaled down before they are sent; null: never. */
  maxPixels: number | null
  /** Pictures are sent, and sizes asked for, in sides that divide by so many pixels; 1: in any. */
  multipleOf: number
  /** Whether the edited picture is brought back to the source's size. */
  restoresSize: boolean
  /** How many reference images it takes beside a source; null: no limit is known. */
  maxReferences: number | null
  parameters: readonly ModelParameter[]
}

/** Whether the entry's calls are critiques and not edits. */
export function isThinker({ kinds }: Pick<FleetModel, 'kinds'>): boolean {
  return kinds.includes('THINKER')
}

/** The lesser of two limits; null: there is none. */
export function stricterOf(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}

/** What one worker drives, in the order of the file. */
export type Fleet = { models: readonly FleetModel[] }

export const editDeadlineMs = 600_000
export const thinkDeadlineMs = 360_000

/** The fleet of a machine without a fleet file: the builtin editor and critic, one call a core. */
export function defaultFleet(): Fleet {
  return {
    models: [builtinModel('editor', { capacity: coreCount() }), builtinModel('thinker', { capacity: coreCount() })],
  }
}

/** How many calls of a builtin model one machine runs at once. */
export function coreCount(): number {
  return Math.max(1, availableParallelism())
}

/** A builtin model's fleet entry. It rotates and crops, so its pictures keep the size it gave them. */
export function builtinModel(
  role: 'editor' | 'thinker',
  { capacity, position = 0 }: { capacity: number; position?: number },
): FleetModel {
  const known = role === 'editor' ? builtinEditor : builtinCritic
  return {
    kinds: known.kinds,
    model: known.id,
    position,
    settings: { engine: 'builtin' },
    urls: [],
    capacity,
    deadlineMs: role === 'editor' ? editDeadlineMs : thinkDeadlineMs,
    maxPixels: null,
    multipleOf: 1,
    restoresSize: false,
    maxReferences: known.maxReferences,
    parameters: known.parameters,
  }
}
