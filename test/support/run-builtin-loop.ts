import { isSatisfied as isDone } from '../../src/loop/satisfied.ts'
import { defaultSettings } from '../../src/loop/settings.ts'
import type { Editor, Picture, Thinker } from '../../workers/engines/engine.ts'
import { editRequest } from './edit-request.ts'

/** One round as the loop saw it. */
export type LoopRound = {
  prompt: string
  picture: Picture
  semantic: number
  quality: number
  isSatisfied: boolean
  reasoning: string
  refinedPrompt: string | null
}

/** Edit, judge, refine by the stop rule and round limit of a job that chose nothing; best by geometric mean. */
export async function runBuiltinLoop(
  engines: { editor: Editor; thinker: Thinker },
  instruction: string,
  source: Picture,
): Promise<{ rounds: LoopRound[]; best: LoopRound; isSatisfied: boolean }> {
  const { signal } = new AbortController()
  const rounds: LoopRound[] = []
  let prompt = instruction
  while (rounds.length < defaultSettings.maxRounds) {
    const request = editRequest({ prompt, source, seed: rounds.length + 1 })
    const { picture } = await engines.editor.edit(request, signal)
    const verdict = await engines.thinker.critique({ instruction, prompt, source, edited: picture, seed: 1 }, signal)
    const { semantic, quality, reasoning, refinedPrompt } = verdict
    if (semantic === null || quality === null) throw new Error('The critic gave no score.')
    const isSatisfied = isDone(defaultSettings.stop, verdict, prompt) === true
    rounds.push({ prompt, picture, semantic, quality, isSatisfied, reasoning, refinedPrompt })
    if (isSatisfied || refinedPrompt === null || refinedPrompt.trim() === prompt.trim()) break
    prompt = refinedPrompt
  }
  const overall = (round: LoopRound) => Math.sqrt(round.semantic * round.quality)
  const best = rounds.reduce((one, other) => (overall(other) > overall(one) ? other : one))
  return { rounds, best, isSatisfied: best.isSatisfied }
}
