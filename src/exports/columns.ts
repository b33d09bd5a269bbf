// Samples as rows of plain cells, for the formats that are tables. A step or a pair is a row; a trajectory has a row a round,
// and one of no round where it has none.

import type {
  PairSample,
  PairSide,
  RoundPlace,
  Sample,
  SampleCritique,
  SamplePicture,
  SampleRound,
  StepSample,
  TrajectorySample,
} from '../datasets/sample.ts'
import type { SampleKind } from './export-format.ts'

/** What a cell can be. */
export type Cell = string | number | boolean | null | SamplePicture

/** `name` in snake case, as the users of these formats have it. */
export type Column = { name: string; type: 'string' | 'float64' | 'int32' | 'bool' | 'picture' }

/** The columns of a kind of samples. */
export function columnsOf(kind: SampleKind): Column[] {
  const columns = kind === 'STEP' ? stepColumns : kind === 'PAIR' ? pairColumns : roundColumns
  return columns.map(({ name, type }) => ({ name, type }))
}

/** The rows of a sample, cells in the order of the columns. */
export function rowsOf({ position, content }: Sample): Cell[][] {
  switch (content.kind) {
    case 'STEP':
      return [stepColumns.map(column => column.of(content))]
    case 'PAIR':
      return [pairColumns.map(column => column.of(content))]
    case 'TRAJECTORY': {
      const rounds = content.rounds.length === 0 ? [null] : content.rounds
      return rounds.map(round => roundColumns.map(column => column.of({ position, job: content, round })))
    }
  }
  content satisfies never
}

/** Whether the cell is a picture. */
export function isPicture(cell: Cell): cell is SamplePicture {
  return typeof cell === 'object' && cell !== null
}

type Getter<Subject> = Column & { of(subject: Subject): Cell }

const stepColumns: Getter<StepSample>[] = [
  { name: 'source', type: 'picture', of: step => step.source },
  { name: 'edited', type: 'picture', of: step => step.edited },
  { name: 'instruction', type: 'string', of: step => step.instruction },
  { name: 'prompt', type: 'string', of: step => step.prompt },
  { name: 'reasoning', type: 'string', of: step => step.reasoning },
  { name: 'refined_prompt', type: 'string', of: step => step.refinedPrompt },
  { name: 'semantic', type: 'float64', of: step => step.scores.semantic },
  { name: 'quality', type: 'float64', of: step => step.scores.quality },
  { name: 'overall', type: 'float64', of: step => step.scores.overall },
  { name: 'answered_semantic', type: 'float64', of: step => step.answered.semantic },
  { name: 'answered_quality', type: 'float64', of: step => step.answered.quality },
  { name: 'is_satisfied', type: 'bool', of: step => step.isSatisfied },
  { name: 'is_final', type: 'bool', of: step => step.isFinal },
  { name: 'round', type: 'int32', of: step => step.index },
  { name: 'candidate', type: 'int32', of: step => step.candidate },
  { name: 'best_round', type: 'int32', of: step => step.bestIndex },
  { name: 'variance', type: 'float64', of: step => step.variance },
  { name: 'subset', type: 'string', of: step => step.subset },
  { name: 'task', type: 'string', of: step => step.task },
  { name: 'kind', type: 'string', of: step => step.jobKind },
  { name: 'editor', type: 'string', of: step => step.editor },
  { name: 'thinker', type: 'string', of: step => step.thinker },
]

const pairColumns: Getter<PairSample>[] = [
  { name: 'source', type: 'picture', of: pair => pair.source },
  { name: 'chosen', type: 'picture', of: pair => pair.chosen.picture },
  { name: 'rejected', type: 'picture', of: pair => pair.rejected.picture },
  { name: 'instruction', type: 'string', of: pair => pair.instruction },
  ...sideColumns('chosen', pair => pair.chosen),
  ...sideColumns('rejected', pair => pair.rejected),
  { name: 'decided_by', type: 'string', of: pair => pair.decidedBy },
  { name: 'margin', type: 'float64', of: pair => pair.margin },
  { name: 'task', type: 'string', of: pair => pair.task },
  { name: 'kind', type: 'string', of: pair => pair.jobKind },
]

function sideColumns(prefix: string, side: (pair: PairSample) => PairSide): Getter<PairSample>[] {
  return [
    { name: `${prefix}_prompt`, type: 'string', of: pair => side(pair).prompt },
    { name: `${prefix}_editor`, type: 'string', of: pair => side(pair).editor },
    { name: `${prefix}_seed`, type: 'int32', of: pair => side(pair).seed },
    { name: `${prefix}_round`, type: 'int32', of: pair => side(pair).index },
    { name: `${prefix}_candidate`, type: 'int32', of: pair => side(pair).candidate },
    { name: `${prefix}_semantic`, type: 'float64', of: pair => side(pair).scores.semantic },
    { name: `${prefix}_quality`, type: 'float64', of: pair => side(pair).scores.quality },
    { name: `${prefix}_overall`, type: 'float64', of: pair => side(pair).scores.overall },
  ]
}

type RoundRow = { position: number; job: TrajectorySample; round: SampleRound | null }

const roundColumns: Getter<RoundRow>[] = [
  { name: 'trajectory', type: 'int32', of: row => row.position },
  { name: 'source', type: 'picture', of: row => row.job.source },
  { name: 'edited', type: 'picture', of: row => row.round?.picture ?? null },
  { name: 'instruction', type: 'string', of: row => row.job.instruction },
  { name: 'round', type: 'int32', of: row => row.round?.index ?? null },
  { name: 'candidate', type: 'int32', of: row => row.round?.candidate ?? null },
  { name: 'is_best', type: 'bool', of: row => isBest(row) },
  { name: 'prompt', type: 'string', of: row => row.round?.prompt ?? null },
  { name: 'prompt_source', type: 'string', of: row => row.round?.promptSource ?? null },
  { name: 'seed', type: 'int32', of: row => row.round?.seed ?? null },
  { name: 'round_status', type: 'string', of: row => row.round?.status ?? null },
  { name: 'editor_seconds', type: 'float64', of: row => row.round?.editorSeconds ?? null },
  { name: 'semantic', type: 'float64', of: row => thinkerOf(row)?.semantic ?? null },
  { name: 'quality', type: 'float64', of: row => thinkerOf(row)?.quality ?? null },
  { name: 'overall', type: 'float64', of: row => thinkerOf(row)?.overall ?? null },
  { name: 'is_satisfied', type: 'bool', of: row => row.round?.isSatisfied ?? null },
  { name: 'reasoning', type: 'string', of: row => thinkerOf(row)?.reasoning ?? null },
  { name: 'refined_prompt', type: 'string', of: row => thinkerOf(row)?.refinedPrompt ?? null },
  { name: 'critiques', type: 'string', of: row => (row.round ? JSON.stringify(row.round.critiques) : null) },
  { name: 'kind', type: 'string', of: row => row.job.jobKind },
  { name: 'status', type: 'string', of: row => row.job.status },
  { name: 'stop_reason', type: 'string', of: row => row.job.stopReason },
  { name: 'editor', type: 'string', of: row => row.round?.editor ?? row.job.editor },
  { name: 'thinker', type: 'string', of: row => row.job.thinker },
  { name: 'batch', type: 'string', of: row => row.job.batch },
  { name: 'tags', type: 'string', of: row => JSON.stringify(row.job.tags) },
  {
    name: 'metadata',
    type: 'string',
    of: row => (row.job.metadata === null ? null : JSON.stringify(row.job.metadata)),
  },
  { name: 'finished_at', type: 'string', of: row => row.job.finishedAt },
]

function thinkerOf({ round }: RoundRow): SampleCritique | undefined {
  return round?.critiques.find(critique => critique.source === 'THINKER')
}

function isBest({ job, round }: RoundRow): boolean | null {
  return round && isSame(job.best, round)
}

function isSame(a: RoundPlace | null, b: RoundPlace): boolean {
  return a !== null && a.index === b.index && a.candidate === b.candidate
}
