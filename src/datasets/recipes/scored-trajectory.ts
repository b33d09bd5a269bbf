/** A trajectory as recipes see it: no texts, and of pictures the hash. */
export type ScoredTrajectory = {
  jobId: string
  splitKey: string
  /** Hash of what all its samples share: source and instruction. */
  contentKey: string
  task: string
  /** Those with a picture and an index above 0, by index and candidate. */
  rounds: ScoredRound[]
  /** What people chose among them, and between them and rounds of other jobs with the same source and instruction. */
  votes: Vote[]
}

/** A round and what the recipe's critic gave it, 0 to 10; null where it gave none. */
export type ScoredRound = {
  id: string
  index: number
  candidate: number
  /** The candidate of its index that the next index goes on from. */
  leads: boolean
  semantic: number | null
  quality: number | null
  overall: number | null
  picture: string
  /** The thinker's critique; null: none. */
  critiqueId: string | null
  /** Whether it could be read, and whether it refines the prompt. */
  answer: 'NONE' | 'UNREADABLE' | 'UNREFINED' | 'REFINED'
  /** Hash of the round's content: what is kept first of equals, and no chance decides. */
  digest: string
}

/** A person's choice. `rejected` null: all other rounds of the job. */
export type Vote = { chosenId: string; rejected: ScoredRound | null; isTie: boolean }
