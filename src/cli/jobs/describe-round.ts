import chalk from 'chalk'
import wrapAnsi from 'wrap-ansi'
import type { Critique, Round } from '../answers.ts'

const CELLS = 10
const LABEL = 13

/** Some lines for people: what the editor was asked, and what the thinker said of what it made. */
export function describeRound(
  round: Round,
  {
    critique = round.critique,
    candidates,
    columns,
  }: { critique?: Critique | null; candidates: number; columns: number },
): string {
  const lines = [`${chalk.bold(roundTitle(round, candidates))}  ${describeScore(round, critique)}`]
  const add = (label: string, text: string | null | undefined) => {
    if (text) lines.push(hang(label, text, columns))
  }
  add('Prompt', round.prompt)
  if (round.error) add('Failed', round.error.message)
  add(critique?.errorCode ? 'Unreadable' : 'Critique', critique?.reasoning)
  if (!round.isSatisfied) add('Refined', critique?.refinedPrompt)
  return lines.join('\n')
}

/** `Round 2`, or `Round 2, candidate 1` in a job with several. */
export function roundTitle({ index, candidate }: Pick<Round, 'index' | 'candidate'>, candidates: number): string {
  return candidates > 1 ? `Round ${index}, candidate ${candidate}` : `Round ${index}`
}

/** With two decimals, so that columns line up; `-` where there is none. */
export function toScore(score: number | null | undefined): string {
  return score === null || score === undefined ? '-' : score.toFixed(2)
}

/** A label and a text that is wrapped beside it. */
export function hang(label: string, text: string, columns: number): string {
  const width = Math.max(30, columns - LABEL - 2)
  const body = wrapAnsi(text, width).replaceAll('\n', `\n${' '.repeat(LABEL + 2)}`)
  return `  ${chalk.dim(label.padEnd(LABEL))}${body}`
}

function describeScore(round: Round, critique: Critique | null): string {
  if (!critique) return chalk.dim(round.status.toLowerCase())
  if (critique.overall === null) return chalk.yellow('no scores')
  const filled = Math.round(critique.overall)
  const paint = critique.overall >= 8 ? chalk.green : critique.overall >= 5 ? chalk.yellow : chalk.red
  const bar = `${paint('█'.repeat(filled))}${chalk.dim('░'.repeat(CELLS - filled))}`
  const parts = chalk.dim(`semantic ${toScore(critique.semantic)}, quality ${toScore(critique.quality)}`)
  return `${bar} ${chalk.bold(toScore(critique.overall))}  ${parts}`
}
