import { stripVTControlCharacters } from 'node:util'
import { Chalk } from 'chalk'
import { expect, test } from 'vitest'
import { formatTable } from '../src/cli/format-table.ts'

const url = 'http://gpu-host-number-1.rack-7.example.org:8000/v1'
const table = { head: ['MODEL', 'URL', 'OK'], rows: [['flux', url, 'yes']], flexible: 1 }

test('a table that fits stands in aligned columns, without spaces at the end of its lines', () => {
  expect(formatTable(table, 80)).toBe(`MODEL  ${'URL'.padEnd(url.length)}  OK\nflux   ${url}  yes`)
})

test('a table that does not fit breaks its flexible column and keeps the others whole', () => {
  const lines = formatTable(table, 40).split('\n')
  expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(40)
  const column = lines.slice(1).map(line => line.slice(7, 35).trim())
  expect(column.join('')).toBe(url)
  expect(lines[1]).toMatch(/^flux .* yes$/)
})

test('a table for a program is as wide as its texts', () => {
  expect(formatTable(table, null)).toContain(url)
})

test('colours change nothing of where the texts stand', () => {
  const { red, cyan } = new Chalk({ level: 1 })
  const painted = { ...table, rows: [['flux', cyan(url), red('yes')]] }
  for (const columns of [40, 80]) {
    expect(stripVTControlCharacters(formatTable(painted, columns))).toBe(formatTable(table, columns))
  }
})
