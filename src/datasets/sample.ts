// What a sample holds. The form does not depend on where it is read: no ids of ours in it, no clock, no time zone. What it
// is told apart by is the hash of its content (see hash-sample.ts), which leaves out times and where bytes lie.

import type { JobKind } from '../jobs/job-row.ts'

/** A stored picture by its content; the bytes are read from storage by whoever needs them. */
export type SamplePicture = {
  sha256: string
  objectKey: string
  contentType: string
  byteSize: number
  widthPx: number
  heightPx: number
}

/** 0 to 10; null where the critic gave none. */
export type SampleScores = { semantic: number | null; quality: number | null; overall: number | null }

/** A critic's words and scores; `createdAt` in ISO 8601, UTC, to the millisecond, as everywhere in a sample. */
export type SampleCritique = SampleScores & {
  source: 'THINKER' | 'JUDGE' | 'HUMAN'
  by: string
  isSatisfied: boolean | null
  errorCode: string | null
  reasoning: string | null
  refinedPrompt: string | null
  tokens: number
  createdAt: string
}

/** Why a job or a round has no result. */
type SampleError = { code: string; message: string | null; isRetryable: boolean | null }

/** Which round of its job. */
export type RoundPlace = { index: number; candidate: number }

/** A round of a trajectory; `base`: what was edited, null for the job's source. */
export type SampleRound = RoundPlace & {
  parent: RoundPlace | null
  status: string
  editor: string
  prompt: string
  promptSource: string
  seed: number | null
  base: SamplePicture | null
  picture: SamplePicture | null
  isSatisfied: boolean | null
  editorSeconds: number | null
  error: SampleError | null
  createdAt: string
  startedAt: string | null
  editedAt: string | null
  /** Oldest first; those that the version's `asOf` had seen. */
  critiques: SampleCritique[]
}

/** A whole job with every round, by index and candidate. `settings` and `metadata` as the job keeps them. */
export type TrajectorySample = {
  kind: 'TRAJECTORY'
  jobKind: JobKind
  status: string
  stopReason: string
  instruction: string
  source: SamplePicture | null
  mask: SamplePicture | null
  references: SamplePicture[]
  wantedWidthPx: number | null
  wantedHeightPx: number | null
  editor: string
  thinker: string | null
  settings: unknown
  baseSeed: number
  priority: number
  batch: string | null
  tags: string[]
  metadata: unknown
  best: RoundPlace | null
  error: SampleError | null
  editorSeconds: number
  thinkerTokens: number
  createdAt: string
  startedAt: string | null
  finishedAt: string
  rounds: SampleRound[]
}

/**
 * One step of a thinker: what it saw (source, picture of round t, instruction, prompt t) and what it answered (reasoning,
 * refined prompt, which led to round t + 1). `isFinal`: the best round's own critique, which led to nothing.
 */
export type StepSample = RoundPlace & {
  kind: 'STEP'
  jobKind: JobKind
  instruction: string
  /** Null for GENERATE. */
  source: SamplePicture | null
  edited: SamplePicture
  prompt: string
  editor: string
  thinker: string
  reasoning: string
  /** Null only where `isFinal`. */
  refinedPrompt: string | null
  /** Of the thinker's own critique; null where it gave none. */
  answered: SampleScores
  isSatisfied: boolean | null
  /** Of the edited picture, by the recipe's critic: S_t. */
  scores: SampleScores
  isFinal: boolean
  /** Where this step's trajectory was cut: the index of its best round. */
  bestIndex: number
  /** Population variance of S_t over the trajectory. */
  variance: number
  /** Null where the recipe tells none. */
  subset: 'SFT' | 'RL' | null
  task: string
}

/** A round as one side of a pair. */
export type PairSide = RoundPlace & {
  picture: SamplePicture
  prompt: string
  editor: string
  seed: number | null
  scores: SampleScores
}

/** Two pictures for one source and instruction, and which is the better. */
export type PairSample = {
  kind: 'PAIR'
  jobKind: JobKind
  instruction: string
  /** Null for GENERATE. */
  source: SamplePicture | null
  task: string
  /** HUMAN: a person chose; SCORES: the critics' scores differ by `margin`. */
  decidedBy: 'HUMAN' | 'SCORES'
  /** Overall of the chosen less that of the rejected; null where either has none. */
  margin: number | null
  chosen: PairSide
  rejected: PairSide
}

/** What a sample says: every sample of a version is of one kind, the recipe's. */
export type SampleContent = TrajectorySample | StepSample | PairSample

/** A sample in its place in a version. Positions count from 0; those whose trajectory was deleted are missing. */
export type Sample<Content extends SampleContent = SampleContent> = {
  position: number
  /** SHA-256 of the content, hex. */
  hash: string
  split: string
  jobId: string
  /** Of a pair the chosen one; null: the whole trajectory. */
  roundId: string | null
  rejectedId: string | null
  critiqueId: string | null
  content: Content
}
