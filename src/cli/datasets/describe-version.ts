import chalk from 'chalk'
import { formatTable } from '../format-table.ts'
import type { DatasetVersion } from './dataset-answers.ts'

/** A version for people: what it holds, and the report of its recipe as a table. */
export function describeVersion(version: DatasetVersion): string {
  const { dataset, number, status, sampleCount, splitCounts, recipe, contentHash, error, funnel } = version
  const splits = splitCounts.map(({ split, samples }) => `${split} ${samples}`).join(', ')
  const facts = [
    `${chalk.bold(`${dataset.name}@${number}`)}  ${status}`,
    `${chalk.dim('Recipe ')} ${recipe.kind}`,
    `${chalk.dim('Samples')} ${sampleCount}${splits === '' ? '' : ` (${splits})`}`,
    ...(contentHash === null ? [] : [`${chalk.dim('Hash   ')} ${contentHash}`]),
    ...(error === null ? [] : [chalk.red(error.message)]),
  ]
  if (funnel.length === 0) return facts.join('\n')
  const rows = funnel.map(line => [
    line.name,
    line.unit,
    String(line.in),
    String(line.kept),
    String(line.dropped),
    line.dropped > 0 ? (line.reason ?? '') : '',
  ])
  const head = ['STEP', 'OF', 'IN', 'KEPT', 'DROPPED', 'BECAUSE']
  return `${facts.join('\n')}\n\n${formatTable({ head, rows, flexible: 5 })}`
}
