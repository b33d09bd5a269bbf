import type { TrajectoryOrder } from '../../src/trajectories/trajectory-order.ts'

/** A filter and an order as a client of the API writes them, over what `fillTrajectories` makes. */
export type PageQuestion = {
  name: string
  /** As JSON: moments as texts. */
  filter: Record<string, unknown>
  orderBy: TrajectoryOrder
}

const by = (field: TrajectoryOrder['field'], direction: TrajectoryOrder['direction'] = 'DESC'): TrajectoryOrder => ({
  field,
  direction,
})
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()

/**
 * The twenty pairs whose pages are measured: what holds for all, for many, for ten in 200,000 and for none, near the start
 * of the order and far from it, by every kind of condition and index.
 */
export const pageQuestions: readonly PageQuestion[] = [
  { name: 'all, last ended', filter: {}, orderBy: by('FINISHED_AT') },
  { name: 'all, best first', filter: {}, orderBy: by('BEST_OVERALL') },
  { name: 'one editor', filter: { editor: ['bagel'] }, orderBy: by('GAIN') },
  { name: 'rare metadata key', filter: { metadata: [{ key: 'flagged', exists: true }] }, orderBy: by('FINISHED_AT') },
  { name: 'metadata value', filter: { metadata: [{ key: 'suite', equals: 'gedit' }] }, orderBy: by('GAIN') },
  {
    name: 'metadata contains',
    filter: { metadata: [{ key: 'task', equals: { type: 'type-3' } }] },
    orderBy: by('LAST_OVERALL', 'ASC'),
  },
  { name: 'rare word (10)', filter: { instruction: 'zeppelin' }, orderBy: by('BEST_OVERALL') },
  { name: 'word in 1 of 200', filter: { instruction: 'lighthouse' }, orderBy: by('FINISHED_AT') },
  { name: 'phrase, not a word', filter: { instruction: '"blue dress" -snow' }, orderBy: by('VARIANCE') },
  { name: 'rare tag (10)', filter: { tags: ['rare'] }, orderBy: by('SECONDS', 'ASC') },
  { name: 'batch', filter: { batch: ['nightly-3'] }, orderBy: by('THINKER_TOKENS') },
  { name: 'narrow range', filter: { gain: { gte: 3, lt: 3.001 } }, orderBy: by('FINISHED_AT') },
  { name: 'wide range, far', filter: { gain: { gte: 3 } }, orderBy: by('VARIANCE', 'ASC') },
  {
    name: 'two ranges, none',
    filter: { bestOverall: { lt: 5 }, lastOverall: { gt: 6 } },
    orderBy: by('FIRST_OVERALL'),
  },
  {
    name: 'never together',
    filter: { rounds: { lte: 1 }, stopReason: ['SATISFIED'] },
    orderBy: by('ROUNDS'),
  },
  {
    name: 'three rare',
    filter: { status: ['FAILED'], kind: ['FILL'], editor: ['bagel'] },
    orderBy: by('GAIN'),
  },
  { name: 'human critique', filter: { hasHumanCritique: true }, orderBy: by('LAST_OVERALL') },
  { name: 'two hours', filter: { finishedAfter: daysAgo(100.1), finishedBefore: daysAgo(100) }, orderBy: by('GAIN') },
  {
    name: 'and, or, not',
    filter: {
      and: [
        { or: [{ tags: ['wave-7'] }, { metadata: [{ key: 'difficulty', equals: 3 }] }] },
        { not: { editor: ['qwen-image-edit'] } },
      ],
      gain: { gt: 2 },
    },
    orderBy: by('LAST_OVERALL'),
  },
  {
    name: 'or of rare ones',
    filter: {
      or: [{ tags: ['rare'] }, { instruction: 'zeppelin' }, { metadata: [{ key: 'flagged', equals: true }] }],
    },
    orderBy: by('CREATED_AT', 'ASC'),
  },
]
