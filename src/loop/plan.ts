import { chooseHighest } from './choose-best.ts'
import type { Prompt } from './next-prompt.ts'
import type { LoopRound, LoopState, PromptSource } from './round.ts'
import { deriveSeed } from './seed.ts'

/** A round to create. `editFromRoundId` is the round whose picture is edited; null: the source. */
type PlannedRound = {
  candidate: number
  prompt: string
  promptSource: PromptSource
  seed: number
  parentId: string | null
  editFromRoundId: string | null
}

/** The rounds of one index to create, with one edit task each, in the transaction that decided it. */
export type EditDecision = { type: 'edit'; index: number; rounds: PlannedRound[] }

/** Index 1 of a job that judged no source first: no parent and the source, unless the job is a fork. */
export function planFirstIndex(state: LoopState, prompt: Prompt): EditDecision {
  const { settings, start } = state
  const editFromRoundId = settings.editFrom === 'PREVIOUS' ? (start?.editFromRoundId ?? null) : null
  return planIndex(state, 1, prompt, start?.parentId ?? null, editFromRoundId)
}

/** The index after `leading`, the candidate that goes on: it is the parent, and what PREVIOUS edits. */
export function planNextIndex(state: LoopState, leading: LoopRound, prompt: Prompt): EditDecision {
  return planIndex(state, leading.index + 1, prompt, leading.id, findEditFrom(state, leading)?.id ?? null)
}

function findEditFrom({ settings, rounds }: LoopState, leading: LoopRound): LoopRound | null {
  switch (settings.editFrom) {
    case 'SOURCE':
      return null
    case 'PREVIOUS':
      return leading.index === 0 ? null : leading
    case 'BEST':
      // Round 0 is the source itself; a round that failed in its critique may be a result, but nothing builds on it.
      return chooseHighest(
        settings.stop,
        rounds.filter(round => round.index > 0 && round.status === 'CRITIQUED'),
      )
    default:
      return settings.editFrom satisfies never
  }
}

function planIndex(
  state: LoopState,
  index: number,
  prompt: Prompt,
  parentId: string | null,
  editFromRoundId: string | null,
): EditDecision {
  const taken = new Set(state.rounds.map(round => round.seed))
  const rounds = Array.from({ length: state.settings.candidates }, (_, candidate) => {
    const seed = findFreeSeed(state, index, candidate, taken)
    taken.add(seed)
    return { candidate, ...prompt, seed, parentId, editFromRoundId }
  })
  return { type: 'edit', index, rounds }
}

// The hash may meet a seed of this job again (1 in 2^31 a pair); a repeated prompt must not repeat its picture.
function findFreeSeed({ settings, baseSeed }: LoopState, index: number, candidate: number, taken: Set<number | null>) {
  for (let attempt = 0; ; attempt++) {
    const seed = deriveSeed(settings.seed ?? baseSeed, index, candidate, attempt)
    if (!taken.has(seed)) return seed
  }
}
