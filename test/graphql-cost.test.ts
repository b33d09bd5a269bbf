import { complexityFromQuery } from '@pothos/plugin-complexity'
import { getIntrospectionQuery } from 'graphql'
import { expect, test } from 'vitest'
import { maxComplexity } from '../schema/complexity.ts'
import { schema } from '../schema/index.ts'
import { everyJobField } from './support/documents.ts'

function costOf(document: string, variables: Record<string, unknown> = {}): number {
  return complexityFromQuery(document, { schema, ctx: {}, variables }).complexity
}

/** As many as aliases are allowed. */
const aliased = (field: string) => Array.from({ length: 30 }, (_, n) => `a${n}: ${field}`).join(' ')
const everyJob = (field: string) => `${field} ${everyJobField}`

test.each([
  [
    'a hundred jobs with all of their rounds, images and critiques',
    everyJob('{ jobs(first: 100) { edges { cursor node { ...JobFields } } pageInfo { endCursor } } }'),
  ],
  ['a hundred nodes with the same', everyJob(`{ nodes(ids: [${Array(100).fill('""')}]) { id ...JobFields } }`)],
  ['a job with the same', everyJob('{ job(id: "") { ...JobFields } }')],
  [
    'the same with each event of a stream',
    everyJob('subscription { jobEvents(jobId: "") { seq job { ...JobFields } } }'),
  ],
  [
    'five hundred events with the status of their jobs',
    '{ events(first: 500) { events { cursor event { seq job { id status } } } } }',
  ],
  ['the jobs that rounds belong to', '{ jobs(first: 100) { edges { node { rounds { job { id } } } } } }'],
  [
    'a hundred trajectories with all of their jobs, and how many there are',
    everyJob('{ trajectories(first: 100) { totalCount edges { node { job { ...JobFields } } } } }'),
  ],
  [
    'what two versions hold, lost and differ in',
    '{ datasets { versions { number funnel { name } } } datasetDiff(from: "", to: "") { added } datasetVersion(id: "") { splitCounts { split } deletions { jobId } deletedSamples } }',
  ],
  ['a chart and its calibration', '{ trajectoryStats { total { count } } calibration { pearson bins { rounds } } }'],
  ["GraphiQL's introspection", getIntrospectionQuery()],
])('%s may be asked for', (_what, document) => {
  expect(costOf(document)).toBeLessThanOrEqual(maxComplexity)
})

test.each([
  [
    'rounds of the jobs of the rounds of a hundred jobs',
    '{ jobs(first: 100) { edges { node { rounds { job { rounds { id } } } } } } }',
  ],
  [
    'critiques of the rounds of the critiques of a hundred jobs',
    '{ jobs(first: 100) { edges { node { rounds { critiques(first: 100) { round { critiques { id } } } } } } } }',
  ],
  [
    'a chain of best rounds and their jobs',
    '{ jobs(first: 100) { edges { node { bestRound { job { bestRound { job { rounds { id } } } } } } } } }',
  ],
  [
    'five hundred events with all of their jobs',
    everyJob('{ events(first: 500) { events { event { job { ...JobFields } } } } }'),
  ],
  [
    'three full pages by aliases',
    everyJob(`{ ${['a', 'b', 'c'].map(name => `${name}: jobs(first: 100) { edges { node { ...JobFields } } }`)} }`),
  ],
  ['the splits of all versions', '{ datasets(first: 500) { versions { splitCounts { samples } } } }'],
  ['the deletions of all versions', '{ datasets(first: 500) { versions { deletions(first: 1) { samples } } } }'],
  ['thirty statistics of everything', `{ ${aliased('trajectoryStats { total { count } }')} }`],
  ['thirty calibrations', `{ ${aliased('calibration { rounds }')} }`],
])('%s cost too much', (_what, document) => {
  expect(costOf(document)).toBeGreaterThan(maxComplexity)
})

test('a batch costs what it starts', () => {
  const document = `mutation($input: StartEditsInput!) {
    startEdits(input: $input) { ... on StartEditsSuccess { jobs { ... on StartEditSuccess { job { id } } } } }
  }`
  const edits = (count: number) => ({ input: { edits: Array(count).fill({ sourceId: '', instruction: '' }) } })
  expect(costOf(document, edits(500))).toBeGreaterThan(100 * costOf(document, edits(1)))
  expect(costOf(document, edits(500))).toBeLessThanOrEqual(maxComplexity)
})
