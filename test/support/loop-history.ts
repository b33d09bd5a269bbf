// Short hands for the loop's tests: a job's state and its rounds, with only what a test is about spelled out.
import type { LoopCritique, LoopRound, LoopState } from '../../src/loop/round.ts'
import { defaultSettings, type LoopSettings, type StopRule } from '../../src/loop/settings.ts'

export const instruction = 'Make the sky darker'

/** Default settings with changes; `stop` is merged into the default stop rule. */
export function settings(changes: Partial<Omit<LoopSettings, 'stop'>> & { stop?: Partial<StopRule> } = {}) {
  return { ...defaultSettings, ...changes, stop: { ...defaultSettings.stop, ...changes.stop } }
}

/** A job's state within all its limits. */
export function state(changes: Partial<LoopState> = {}): LoopState {
  return {
    settings: settings(),
    instruction,
    start: null,
    rounds: [],
    editorSeconds: 0,
    thinkerTokens: 0,
    isPastDeadline: false,
    baseSeed: 4711,
    ...changes,
  }
}

/** A readable critique with both scores and, unless told, a refined prompt. */
export function scored(semantic: number, quality: number, refinedPrompt: string | null = 'refined'): LoopCritique {
  return { semantic, quality, isSatisfied: null, refinedPrompt, errorCode: null }
}

/** A readable critique without scores: the critic's word alone. */
export function flagged(isSatisfied: boolean | null, refinedPrompt: string | null = 'refined'): LoopCritique {
  return { semantic: null, quality: null, isSatisfied, refinedPrompt, errorCode: null }
}

/** What is recorded when every ask gave nonsense. */
export const unreadable: LoopCritique = {
  semantic: null,
  quality: null,
  isSatisfied: null,
  refinedPrompt: null,
  errorCode: 'UNREADABLE_VERDICT',
}

/** A judged round with id `index.candidate`, its seed made from both; changes may make it anything else. */
export function round(index: number, critique: LoopCritique | null, changes: Partial<LoopRound> = {}): LoopRound {
  const candidate = changes.candidate ?? 0
  return {
    id: `${index}.${candidate}`,
    index,
    candidate,
    parentId: null,
    status: critique ? 'CRITIQUED' : 'EDITED',
    hasImage: index > 0,
    prompt: index === 0 ? '' : `prompt ${index}`,
    promptSource: index <= 1 ? 'INSTRUCTION' : 'REFINED',
    seed: index * 100 + candidate,
    critique,
    ...changes,
  }
}

/** Rounds 1, 2, 3 ... of one candidate each, with these critiques. */
export function history(...critiques: (LoopCritique | null)[]): LoopRound[] {
  return critiques.map((critique, position) => round(position + 1, critique))
}
