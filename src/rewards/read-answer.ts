import { z } from 'zod'

/** The two scores of a picture, 0 to 10 each. */
export type PairOfScores = { semantic: number; quality: number }

/** What a trainer reads in a thinker's answer. */
export type ReadAnswer = {
  /** Whether the answer has the form that earns the format reward. */
  isWellFormed: boolean
  /** The scores it gives the last picture; null: none that are numbers. */
  scores: PairOfScores | null
  /** The refined prompt, '' where the answer has none. */
  prompt: string
}

/**
 * Reads an answer by the rules of the paper's reward: white space around every <, > and / goes first, also inside the
 * prompt; then think, score and answer must all be there, opened in that order and closed, in any case of letters, and
 * score must hold a JSON object whose `semantic` and `quality` are numbers. `isStrict`: they must be 0 to 10 too, which
 * the paper's code does not look at.
 */
export function readAnswer(response: string, { isStrict }: { isStrict: boolean }): ReadAnswer {
  const text = closeUp(response)
  const [think, score, answer] = ['think', 'score', 'answer'].map(tag => findBlock(text, tag))
  const scores = score ? readScores(score.content) : null
  const isInOrder = think && score && answer && think.at < score.at && score.at < answer.at
  const isInRange = scores !== null && Object.values(scores).every(value => value >= 0 && value <= 10)
  return {
    isWellFormed: Boolean(isInOrder) && scores !== null && (isInRange || !isStrict),
    scores: isInRange || !isStrict ? scores : null,
    prompt: answer?.content.trim() ?? '',
  }
}

// Cut and trimmed: as one pattern it would take the square of a long run of spaces.
function closeUp(text: string): string {
  const parts = text.split(/([<>/])/)
  const last = parts.length - 1
  return parts
    .map((part, i) => {
      if (i === last) return i === 0 ? part : part.trimStart()
      return i === 0 ? part.trimEnd() : part.trim()
    })
    .join('')
}

function findBlock(text: string, tag: string): { at: number; content: string } | null {
  const opened = new RegExp(`<${tag}>`, 'i').exec(text)
  if (!opened) return null
  const rest = text.slice(opened.index + opened[0].length)
  const closed = new RegExp(`</${tag}>`, 'i').exec(rest)
  return closed && { at: opened.index, content: rest.slice(0, closed.index) }
}

const scoresRule = z.object({ semantic: z.number(), quality: z.number() })

function readScores(content: string): PairOfScores | null {
  try {
    return scoresRule.safeParse(JSON.parse(content)).data ?? null
  } catch {
    return null
  }
}
