import { stripVTControlCharacters } from 'node:util'
import chalk from 'chalk'
import Table from 'cli-table3'
import wrapAnsi from 'wrap-ansi'

const GAP = 2
const LEAST = 16

/**
 * Rows under a head, in columns without lines between them. Where `columns` are too few for all, the texts of the
 * `flexible` column are broken; null: as wide as it needs to be, which is what a program that reads the output gets.
 */
export function formatTable(
  { head, rows, flexible }: { head: readonly string[]; rows: readonly (readonly string[])[]; flexible: number },
  columns: number | null = process.stdout.columns ?? null,
): string {
  const widths = head.map((title, index) => {
    const texts = [title, ...rows.map(row => row[index] ?? '')]
    return Math.max(...texts.map(text => stripVTControlCharacters(text).length)) + GAP
  })
  const excess = widths.reduce((sum, width) => sum + width, 0) - GAP - (columns ?? Number.POSITIVE_INFINITY)
  if (excess > 0) widths[flexible] = Math.max(LEAST + GAP, (widths[flexible] ?? 0) - excess)
  const table = new Table({
    head: head.map(title => chalk.dim(title)),
    chars: noLines,
    colWidths: widths,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
  })
  const width = (widths[flexible] ?? 0) - GAP
  table.push(
    ...rows.map(row => row.map((text, at) => (at === flexible ? wrapAnsi(text, width, { hard: true }) : text))),
  )
  return table
    .toString()
    .split('\n')
    .map(line => line.trimEnd())
    .join('\n')
}

const noLines = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
}
