import type { ZodType } from 'zod'
import type { ModelKind, ModelParameter } from '../../../src/catalog.ts'

/** One edit at a provider, by what its answer to the submit gave. URLs are used as they were given, never rebuilt. */
export type HostedJob = {
  id: string
  statusUrl: string
  /** Where the result is asked for once it is done; null: the status tells it. */
  resultUrl: string | null
  /** Null: what runs there cannot be stopped. */
  cancelUrl: string | null
}

/** What a status says. `lost`: the provider does not know the edit (any more). */
type HostedVerdict = 'waiting' | 'done' | 'refused' | 'failed' | 'lost'

/** A status as it was read. `error` is the provider's word for what went wrong, for telling refusals from faults only. */
type HostedProgress = { status: string; picture: string | null; error: string | null }

/** A result as it was read. `isRefused`: there is a picture, but the provider's checker blacked it out. */
type HostedResult = { picture: string; isRefused: boolean }

/** How a model of a provider names what it is given. */
export type HostedDialect = {
  /** The models that speak it, by the beginning of their ids. */
  models: RegExp
  kinds: readonly ModelKind[]
  /** The source and the references: `single` field, one `list`, or fields that are `numbered` from the second on. */
  pictures: { field: string; as: 'single' | 'list' | 'numbered'; max: number }
  /** The mask's field (white is filled); null: it takes none. */
  mask: string | null
  /** How a size is asked for; null: it cannot be. */
  size: HostedSize | null
  /** Sent with every call, unless a parameter says otherwise. */
  usual: Readonly<Record<string, unknown>>
  /** Sent with every call that has a source, unless a parameter says otherwise. */
  usualWithSource: Readonly<Record<string, unknown>>
  /** Sent whatever the parameters say: nobody but the thinker rewrites a prompt. */
  always: Readonly<Record<string, unknown>>
  parameters: readonly ModelParameter[]
}

/**
 * `pixels`: width and height. `imageSize`: an object of both. `custom`: both beside aspect_ratio: custom. `ratio`:
 * aspect_ratio as W:H. `listedRatio`: the nearest of the usual nine.
 */
export type HostedSize = 'pixels' | 'imageSize' | 'custom' | 'ratio' | 'listedRatio'

/** Everything that one provider does in its own way; the engine is the same for all. */
export type Provider = {
  /** Where its API is when the fleet file names no URL. */
  defaultUrl: string
  /** Its status URLs may be on other hosts of this domain; its key goes nowhere else. */
  domain: string
  toHeaders: (key: string) => Record<string, string>
  /** How pictures stand in a JSON body. */
  pictureForm: 'base64' | 'dataUrl'
  toSubmit: (baseUrl: string, model: string, input: Record<string, unknown>) => { url: string; body: unknown }
  accepted: ZodType<HostedJob>
  progress: ZodType<HostedProgress>
  /** A status that is not among them is waited for: providers add some. */
  statuses: Readonly<Record<string, HostedVerdict>>
  /** Reads what `resultUrl` answers; null: there is none. */
  result: ZodType<HostedResult> | null
  /** Marks an error, in a status or a refused request, as a matter of content rules. */
  refusal: RegExp
  cancelMethod: 'POST' | 'PUT'
  /** The first that fits a model is its dialect; the last fits every model. */
  dialects: readonly HostedDialect[]
}

const none = { default: null, min: null, max: null }

/** A whole number that a job may set. */
export function integer(name: string, min: number, max: number, description: string): ModelParameter {
  return { ...none, name, type: 'integer', min, max, description }
}

/** A number that a job may set. */
export function number(name: string, min: number, max: number, description: string): ModelParameter {
  return { ...none, name, type: 'number', min, max, description }
}

/** A text that a job may set. */
export function text(name: string, description: string): ModelParameter {
  return { ...none, name, type: 'string', description }
}

/** What most dialects have in common. */
export const plainDialect: Omit<HostedDialect, 'models' | 'pictures'> = {
  kinds: ['EDITOR'],
  mask: null,
  size: null,
  usual: {},
  usualWithSource: {},
  always: {},
  parameters: [],
}
