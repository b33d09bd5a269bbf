/**
 * A picture as a record names it, part of that record: by a file, by the SHA-256 of the stored bytes, or both. `files`: where
 * it may lie, the likeliest first.
 */
export type FoundPicture = {
  field: string
  node: { path?: string | undefined; sha256?: string | undefined }
  files: string[]
}

/** What was found at a place of a file or folder, such as `train-00000.jsonl:17`: a record, or why it is none. */
export type FoundTrajectory = {
  place: string
  /** How far the reading is with this one, of `total` in the same unit. */
  done: number
} & ({ record: Record<string, unknown>; pictures: FoundPicture[] } | { problem: string })

/** What there is to import, read as it is asked for. */
export type TrajectorySource = { total: number; read(): AsyncGenerator<FoundTrajectory, void, undefined> }
