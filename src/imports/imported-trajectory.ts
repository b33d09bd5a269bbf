import type { JobKind, JobSettings } from '../jobs/job-row.ts'
import type { PromptSource } from '../loop/round.ts'

/** Which round of the trajectory. */
export type ImportedPlace = { index: number; candidate: number }

/** Why a job or a round has no result. */
type ImportedError = { code: string; message: string; isRetryable: boolean }

/** A critic's word on a round; one that could not be read has an error code and no scores. */
type ImportedCritique = {
  source: 'THINKER' | 'JUDGE' | 'HUMAN'
  by: string
  semantic: number | null
  quality: number | null
  overall: number | null
  isSatisfied: boolean | null
  errorCode: string | null
  reasoning: string | null
  refinedPrompt: string | null
  tokens: number
  createdAt: string | null
}

/** A round as it ended. Pictures are named by the SHA-256 of the stored bytes. */
export type ImportedRound = ImportedPlace & {
  parent: ImportedPlace | null
  status: 'EDITED' | 'CRITIQUED' | 'FAILED' | 'CANCELED'
  editor: string
  prompt: string
  promptSource: PromptSource
  seed: number | null
  base: string | null
  picture: string | null
  isSatisfied: boolean | null
  editorSeconds: number | null
  error: ImportedError | null
  createdAt: string | null
  startedAt: string | null
  editedAt: string | null
  critiques: ImportedCritique[]
}

/**
 * A whole trajectory from elsewhere, checked against all that must hold of one. Pictures are named by the SHA-256 of the
 * stored bytes. Moments are ISO 8601 in UTC; a null `createdAt` or `finishedAt` is that of the import.
 */
export type ImportedTrajectory = {
  kind: JobKind
  status: 'SUCCEEDED' | 'FAILED' | 'CANCELED'
  stopReason: string
  instruction: string
  editor: string
  thinker: string | null
  settings: JobSettings
  baseSeed: number
  priority: number
  run: number
  wantedWidthPx: number | null
  wantedHeightPx: number | null
  batch: string | null
  tags: string[]
  metadata: unknown
  source: string | null
  mask: string | null
  references: string[]
  best: ImportedPlace | null
  error: ImportedError | null
  editorSeconds: number
  thinkerTokens: number
  runEditorSeconds: number
  runThinkerTokens: number
  createdAt: string | null
  startedAt: string | null
  finishedAt: string | null
  rounds: ImportedRound[]
}
