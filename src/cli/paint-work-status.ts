import chalk from 'chalk'
import { z } from 'zod'

/** Where an export or a judge run stands. */
export const WorkStatus = z.enum(['QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELED'])
type WorkStatus = z.infer<typeof WorkStatus>

/** The status in its colour, as wide as the longest of them. */
export function paintWorkStatus(status: WorkStatus): string {
  const text = status.padEnd(8)
  switch (status) {
    case 'DONE':
      return chalk.green(text)
    case 'FAILED':
      return chalk.red(text)
    case 'CANCELED':
      return chalk.yellow(text)
    case 'QUEUED':
    case 'RUNNING':
      return chalk.cyan(text)
    default:
      return status satisfies never
  }
}
