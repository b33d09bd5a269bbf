import { describe, expect, it } from 'vitest'
import { decideRetry } from '../src/loop/retry.ts'
import type { LoopState } from '../src/loop/round.ts'
import { history, round, scored, settings, state, unreadable } from './support/loop-history.ts'

const noEdit = { status: 'FAILED' as const, hasImage: false }
const noCritique = { status: 'FAILED' as const }
const canceled = { status: 'CANCELED' as const }

describe('a retried job', () => {
  const cases: [string, Partial<LoopState>, ReturnType<typeof decideRetry> | object][] = [
    [
      'edits the failed round again',
      { rounds: [...history(scored(5, 5)), round(2, null, noEdit)] },
      { type: 'reset', rounds: [{ roundId: '2.0', stage: 'EDIT' }] },
    ],
    [
      'keeps the picture of a round whose critique failed',
      { rounds: [round(1, null, noCritique)] },
      { type: 'reset', rounds: [{ roundId: '1.0', stage: 'THINK' }] },
    ],
    [
      'resumes each candidate where it stopped',
      {
        rounds: [
          round(1, null, { ...noEdit, candidate: 1 }),
          round(1, null, noCritique),
          round(1, null, { ...canceled, hasImage: false, candidate: 2 }),
          round(1, null, { candidate: 3 }),
        ],
      },
      {
        type: 'reset',
        rounds: [
          { roundId: '1.0', stage: 'THINK' },
          { roundId: '1.1', stage: 'EDIT' },
          { roundId: '1.2', stage: 'EDIT' },
          { roundId: '1.3', stage: 'THINK' },
        ],
      },
    ],
    [
      'leaves a candidate alone that failed in an index long decided',
      {
        rounds: [
          round(1, null, { ...noEdit, candidate: 1 }),
          round(1, scored(5, 5)),
          round(2, null, noEdit),
          round(2, null, { ...noEdit, candidate: 1 }),
        ],
      },
      {
        type: 'reset',
        rounds: [
          { roundId: '2.0', stage: 'EDIT' },
          { roundId: '2.1', stage: 'EDIT' },
        ],
      },
    ],
    [
      'judges the source again',
      { rounds: [round(0, null, noEdit)] },
      { type: 'reset', rounds: [{ roundId: '0.0', stage: 'THINK' }] },
    ],
    ['polishes again where the polish failed', { settings: settings({ firstRound: 'POLISH' }) }, { type: 'polish' }],
    [
      'judges the source where that never began',
      { settings: settings({ firstRound: 'EVALUATE' }) },
      { type: 'critiqueSource' },
    ],
    ['edits where nothing ever began', {}, { type: 'edit', index: 1 }],
    [
      'goes on from a judged source after a limit was met',
      { rounds: [round(0, scored(3, 3, 'darken'))], settings: settings({ stop: { maxThinkerTokens: 100 } }) },
      { type: 'edit', index: 1, rounds: [{ prompt: 'darken', parentId: '0.0' }] },
    ],
    [
      'goes on from rounds that are all good',
      { rounds: history(scored(5, 5, 'next')) },
      { type: 'edit', index: 2, rounds: [{ prompt: 'next' }] },
    ],
    [
      'does not ask again for a verdict that was recorded as unreadable',
      { rounds: [...history(unreadable), round(1, null, { ...noCritique, candidate: 1 })] },
      { type: 'reset', rounds: [{ roundId: '1.1', stage: 'THINK' }] },
    ],
    [
      'edits again without critique, where only a picture is wanted',
      {
        settings: settings({ critique: false }),
        rounds: [round(1, null, noEdit), round(1, null, { ...canceled, candidate: 1 })],
      },
      { type: 'reset', rounds: [{ roundId: '1.0', stage: 'EDIT' }] },
    ],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    expect(decideRetry(state(changes))).toMatchObject(expected)
  })
})
