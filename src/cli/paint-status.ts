import chalk from 'chalk'

/** How a job, an export or a judge run stands. */
type Status = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'DONE' | 'FAILED' | 'CANCELED'

/** The status in its colour, at least so many characters wide. */
export function paintStatus(status: Status, width = 0): string {
  const text = status.padEnd(width)
  switch (status) {
    case 'SUCCEEDED':
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
