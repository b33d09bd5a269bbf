import chalk from 'chalk'
import type { Job } from '../answers.ts'
import { paintStatus } from '../paint-status.ts'
import { toScore } from './describe-round.ts'

/** One line: how a job ended, with its best score. */
export function describeEnd(job: Job): string {
  const best = job.rounds.find(round => round.isBest)
  const edits = job.rounds.filter(round => round.index > 0 && round.image).length
  const noun = { EDIT: 'edit', GENERATE: 'picture', FILL: 'fill' }[job.kind]
  const rounds = `${edits} ${edits === 1 ? noun : `${noun}s`}`
  const score = best ? `, the best scores ${toScore(best.critique?.overall)} (round ${best.index})` : ''
  const why = job.error ? `: ${job.error.message}` : ''
  const mark = job.status === 'SUCCEEDED' ? chalk.green('✔') : chalk.red('✖')
  const reason = job.stopReason === null || job.stopReason === job.status ? '' : `, ${job.stopReason}`
  return `${mark} ${paintStatus(job.status)}${reason}: ${rounds}${score}${why}`
}

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** How long ago a moment is, such as `3 hours ago`. */
export function toAge(moment: string, now = Date.now()): string {
  const seconds = (now - Date.parse(moment)) / 1_000
  const [unit, size] = units.find(([, each]) => seconds >= each) ?? (['second', 1] as const)
  return new Intl.RelativeTimeFormat('en').format(-Math.floor(seconds / size), unit)
}
