/** A connection's page of rows, which were asked for with one more than its size. */
export function toPage<Row>(
  rows: readonly Row[],
  { size, isFirst, toCursor }: { size: number; isFirst: boolean; toCursor: (row: Row) => string },
) {
  const edges = rows.slice(0, size).map(node => ({ node, cursor: toCursor(node) }))
  return {
    edges,
    pageInfo: {
      hasNextPage: rows.length > size,
      hasPreviousPage: !isFirst,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  }
}
