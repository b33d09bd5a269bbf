// The two interfaces every engine implements. An engine turns one request into one call of a model server and knows
// nothing of jobs, queues or the database; retries belong to the queue.

/** An encoded picture as it travels to and from a model server. */
export type Picture = { bytes: Buffer; contentType: string }

/** Width and height in pixels. */
export type Size = { width: number; height: number }

/** One picture asked of an editor. `seed` is always chosen by the server; `parameters` were checked against the model's. */
export type EditRequest = {
  prompt: string
  /** What is edited; null: the picture is made from the prompt alone. */
  source: Picture | null
  /** Only where it is white is the source filled; null: the whole picture may change. */
  mask: Picture | null
  references: Picture[]
  /** The size of a picture that is made without a source; null: the model's own. */
  size: Size | null
  seed: number
  parameters: Record<string, unknown>
}

/** The edited picture, in whatever size and format the model gave. */
export type EditAnswer = { picture: Picture }

/**
 * What outlives a call of a server that takes an edit, gives an id and works it off by itself: each is stored with the
 * task before it resolves, and rejects where the task is no longer this worker's. Engines that are answered in one
 * request need none of it.
 */
export type Submission = {
  /** What `accept` stored in an earlier attempt of the same task, and `forget` did not take back; else null. */
  readonly remote: string | null
  /** Before something is sent that must not be sent twice: from now on nobody knows whether it was taken. */
  intend(): Promise<void>
  /** What finds the edit again, as JSON of the engine's own; before its end is awaited. */
  accept(remote: string): Promise<void>
  /** The server refused it, lost it or failed at it: the next attempt submits anew. */
  forget(): Promise<void>
  /**
   * Why the call's signal aborted. `canceled`: nobody wants the picture. `timedOut`: this call took too long. `handedOver`:
   * another worker goes on with it.
   */
  whyAborted(): 'canceled' | 'timedOut' | 'handedOver'
}

/** An image model behind some protocol. Rejects with EngineError; aborts the call when `signal` does. */
export type Editor = {
  /** `submission`: not given where no task is behind the call, as when a fleet is checked. */
  edit(request: EditRequest, signal: AbortSignal, submission?: Submission): Promise<EditAnswer>
  /**
   * Stops what an earlier call submitted and nobody wants any more, by what `accept` stored. As good as can be: it never
   * rejects. Absent where nothing outlives its call.
   */
  cancel?(remote: string): Promise<void>
}

/** What a thinker is asked to judge. `prompt` is the one the editor received ('' when the untouched source is judged). */
export type CritiqueRequest = {
  instruction: string
  prompt: string
  /** Null: the picture was made from words alone and is judged against the instruction by itself. */
  source: Picture | null
  edited: Picture
  seed: number
}

/** A readable judgement. Scores are 0-10, null where the answer gave none; `refinedPrompt` null where nothing is to change. */
export type Verdict = {
  semantic: number | null
  quality: number | null
  isSatisfied: boolean | null
  reasoning: string
  refinedPrompt: string | null
  tokens: number
}

/** The instruction rewritten before the first edit; `source` null: before a picture is made from words alone. */
export type PolishRequest = { instruction: string; source: Picture | null; seed: number }
export type PolishAnswer = { prompt: string; tokens: number }

/** A picture a judge is shown. `label`: a line of text before it, '' for none. */
type LabelledPicture = { label: string; picture: Picture }

/**
 * What a judge is asked: the text, then the pictures in order. A judge that measures instead of reading takes what it needs
 * from the rest, `measured` being the two pictures to compare, loaded when it is called.
 */
export type JudgeRequest = {
  text: string
  pictures: LabelledPicture[]
  seed: number
  /** Null: as the server is set up. Of both limits of length the greater counts. */
  temperature: number | null
  maxTokens: number | null
  instruction: string
  prompt: string
  measured(): Promise<{ source: Picture | null; edited: Picture }>
  /** What a judge that measures answers, in the form that the text asks for; null: measuring does not answer it. */
  write: ((measured: { semantic: number; quality: number; reasoning: string }) => string) | null
}

/** The judge's words as they are. `isCut`: they end at the length limit. */
export type JudgeAnswer = { text: string; isCut: boolean; tokens: number }

/** A vision-language model behind some protocol. Rejects with EngineError, or UnreadableVerdictError when it answered nonsense. */
export type Thinker = {
  critique(request: CritiqueRequest, signal: AbortSignal): Promise<Verdict>
  polish(request: PolishRequest, signal: AbortSignal): Promise<PolishAnswer>
  /** Answers a question about pictures in free form; reading it is the caller's. Absent where it can only critique. */
  judge?(request: JudgeRequest, signal: AbortSignal): Promise<JudgeAnswer>
}

/** `rejected`: the request can never work. `busy`: try later, does not count (429, 503). `failed`: try again, counts. */
export type EngineFailure = 'rejected' | 'busy' | 'failed'

/** A call of a model server that gave no result. `message` is a sentence fit for users: no URL, no body, no stack. */
export class EngineError extends Error {
  readonly kind: EngineFailure
  readonly code: string
  readonly retryAfterMs: number | null
  constructor(
    kind: EngineFailure,
    code: string,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, { cause: options.cause })
    this.name = 'EngineError'
    this.kind = kind
    this.code = code
    this.retryAfterMs = options.retryAfterMs ?? null
  }
}

/** The thinker answered, but no verdict could be read from it. Never counts as satisfied; the stage asks again. */
export class UnreadableVerdictError extends Error {
  readonly code = 'UNREADABLE_VERDICT'
  readonly tokens: number
  constructor(message: string, tokens: number, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'UnreadableVerdictError'
    this.tokens = tokens
  }
}
