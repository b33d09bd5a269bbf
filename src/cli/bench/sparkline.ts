const blocks = [...'▁▂▃▄▅▆▇█']

/** The values as a line of blocks, the least the lowest; a gap where there is none. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter(value => value !== null)
  const [least, span] = [Math.min(...known), Math.max(...known) - Math.min(...known)]
  const heightOf = (value: number) => (span === 0 ? 3 : Math.round(((value - least) / span) * (blocks.length - 1)))
  return values.map(value => (value === null ? ' ' : blocks[heightOf(value)])).join('')
}
