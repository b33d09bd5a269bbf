// A finished job as a sample of the paper's script. The script counts turns and judges a picture in the turn after the one
// that made it; where it stops, that turn only copies the picture before.

import { chooseHighest } from '../loop/choose-best.ts'
import type { LoopRound } from '../loop/round.ts'
import type { StopRule } from '../loop/settings.ts'

/** A round as the API gives it. `reasoning` and `overall` are its critique's. */
export type SampleRound = LoopRound & {
  editor: string
  isSatisfied: boolean | null
  reasoning: string | null
  overall: number | null
}

/** What a sample is made of. `bestRoundId`: of the job's result, by BEST. */
export type SampleJob = {
  stopReason: string | null
  settings: { firstRound: string; maxRounds: number; critique: boolean; stop: StopRule }
  instruction: string
  bestRoundId: string | null
  rounds: readonly SampleRound[]
}

/** A picture: that of a round by its id, or the source. */
export type SamplePicture = { roundId: string } | 'source'

/** A turn as the script writes it down, without its paths; what the script does not know is in `score`, `seed` and `editor`. */
type SampleTurn = {
  turn_number: number
  rewritten_prompt: string | null
  evaluation: object | null
  generated: boolean
  method: string
  action: string
  original_prompt?: string
  score: object | null
  seed?: number | null
  editor?: string
}

/**
 * `turns`: those that the script would have recorded. `pictures`: of each turn up to the most there could be; those after the
 * stop repeat the last one. `selected` is the number of the turn whose picture is the result.
 */
export type Sample = { turns: SampleTurn[]; pictures: SamplePicture[]; selected: number; isSatisfied: boolean }

/** The sample of a job that succeeded. `select`: the best round as its result, or the last as with the script. */
export function toPaperSample(job: SampleJob, select: 'best' | 'last'): Sample {
  const { settings, rounds } = job
  const source = rounds.find(({ index }) => index === 0) ?? null
  const made = chooseRounds(rounds, settings.stop)
  const maxTurns = Math.max(settings.critique ? settings.maxRounds : 1, made.length, 1)
  const turns = made.map((round, i) => toTurn(job, { round, before: made[i - 1] ?? source, number: i + 1 }))
  const last = made.at(-1)
  const isStopped = job.stopReason === 'SATISFIED' || job.stopReason === 'NO_REFINEMENT'
  if (last === undefined) turns.push(toSourceTurn(source))
  else if (isStopped && made.length < maxTurns) turns.push(toCopy(last, made.length + 1))
  const pictures = Array.from({ length: maxTurns }, (_, i): SamplePicture => {
    const round = made[Math.min(i, made.length - 1)]
    return round ? { roundId: round.id } : 'source'
  })
  const best = made.findIndex(({ id }) => id === job.bestRoundId)
  return {
    turns,
    pictures,
    selected: select === 'best' && best !== -1 ? best + 1 : Math.max(made.length, 1),
    isSatisfied: job.stopReason === 'SATISFIED',
  }
}

/** Of each index that has pictures the round that went on. */
function chooseRounds(rounds: readonly SampleRound[], stop: StopRule): SampleRound[] {
  const indexes = [...new Set(rounds.filter(({ index, hasImage }) => index > 0 && hasImage).map(({ index }) => index))]
  return indexes
    .sort((a, b) => a - b)
    .flatMap(index => {
      const candidates = rounds.filter(round => round.index === index && round.hasImage)
      const chosen = chooseHighest(stop, candidates)?.id
      return candidates.filter(({ id }) => id === chosen)
    })
}

const firstMethods: Record<string, string> = {
  DIRECT: 'no_rewrite',
  POLISH: 'polish_edit_prompt',
  EVALUATE: 'evaluate_and_rewrite_prompt_first_turn',
}

function toTurn(
  { settings, instruction }: SampleJob,
  { round, before, number }: { round: SampleRound; before: SampleRound | null; number: number },
): SampleTurn {
  const isFirst = number === 1
  return {
    turn_number: number,
    rewritten_prompt: round.prompt,
    evaluation: before && toEvaluation(before),
    generated: true,
    method: isFirst ? (firstMethods[settings.firstRound] ?? 'no_rewrite') : 'evaluate_and_rewrite_prompt',
    action: 'generated',
    ...(isFirst && settings.firstRound === 'POLISH' && { original_prompt: instruction }),
    ...{ score: toScore(round), seed: round.seed, editor: round.editor },
  }
}

/** The turn that judged the picture before and made none. */
function toCopy(last: SampleRound, number: number): SampleTurn {
  return {
    ...{ turn_number: number, rewritten_prompt: null, evaluation: toEvaluation(last), generated: false },
    method: 'evaluate_and_rewrite_prompt',
    action: last.isSatisfied ? 'copied_from_previous_turn' : 'no_refined_prompt_stopping',
    score: toScore(last),
  }
}

/** The only turn of a job whose source was judged and never edited. */
function toSourceTurn(source: SampleRound | null): SampleTurn {
  return {
    ...{ turn_number: 1, rewritten_prompt: '', evaluation: source && toEvaluation(source), generated: false },
    method: 'evaluate_and_rewrite_prompt_first_turn',
    action: source?.isSatisfied ? 'original_image_satisfied' : 'no_refined_prompt_stopping',
    score: source && toScore(source),
  }
}

// The script's own words for a verdict that could not be read, by which it is known again.
const UNREADABLE = 'Evaluation failed after 3 attempts'

function toEvaluation(round: SampleRound): object {
  const { critique, isSatisfied, reasoning, prompt } = round
  if (critique === null || critique.errorCode !== null) {
    return { is_satisfied: false, reason: UNREADABLE, new_prompt: prompt }
  }
  return {
    is_satisfied: isSatisfied ?? false,
    reason: reasoning ?? '',
    new_prompt: isSatisfied || critique.refinedPrompt === prompt ? null : critique.refinedPrompt,
    ...(critique.semantic !== null && critique.quality !== null && { score: toScore(round) }),
  }
}

function toScore({ critique, overall }: SampleRound): object | null {
  return critique && { semantic: critique.semantic, quality: critique.quality, overall }
}
