import { describe, expect, it } from 'vitest'
import { chooseBest } from '../src/loop/choose-best.ts'
import type { LoopRound } from '../src/loop/round.ts'
import { flagged, history, round, scored, settings, unreadable } from './support/loop-history.ts'

const failedThink = { status: 'FAILED' as const }
const failedEdit = { status: 'FAILED' as const, hasImage: false }

describe('with BEST the result', () => {
  const cases: [string, LoopRound[], string | null][] = [
    ['is the highest overall score', history(scored(5, 5), scored(7, 7), scored(6, 6)), '2.0'],
    ['weighs both scores', history(scored(10, 1), scored(4, 4)), '2.0'],
    ['is the earlier of a tie', history(scored(5, 5), scored(7, 7), scored(7, 7)), '2.0'],
    [
      'is the lower candidate of a tie within one index',
      [round(1, scored(7, 7), { candidate: 1 }), round(1, scored(7, 7))],
      '1.0',
    ],
    ['is a scored round before a later unscored one', history(scored(0, 0), unreadable), '1.0'],
    ['is a scored round before a satisfied unscored one', history(scored(3, 3), flagged(true)), '1.0'],
    ['is a satisfied one of the unscored', history(flagged(true), flagged(false), unreadable), '1.0'],
    ['is the latest of the unscored', history(flagged(false), unreadable), '2.0'],
    [
      'is the first candidate of the latest unscored index',
      [round(1, null), round(2, null), round(2, null, { candidate: 1 })],
      '2.0',
    ],
    [
      'ignores the scores beside an error code',
      history({ ...scored(10, 10), errorCode: 'UNREADABLE_VERDICT' }, scored(2, 2)),
      '2.0',
    ],
    ['may be a round whose critique failed', [round(1, null, failedThink)], '1.0'],
    ['may be a round that was canceled after its edit', [round(1, null, { status: 'CANCELED' })], '1.0'],
    ['is never a round without a picture', [round(1, null, failedEdit)], null],
    ['is the source where round 0 satisfied', [round(0, scored(9, 9, null))], '0.0'],
    ['is not the source where round 0 did not', [round(0, scored(7, 7))], null],
    ['is not the source however high it scored', [round(0, scored(7, 10)), round(1, scored(2, 2))], '1.0'],
    ['is nothing before any round', [], null],
  ]
  it.each(cases)('%s', (_, rounds, expected) => {
    expect(chooseBest(settings(), rounds)?.id ?? null).toBe(expected)
    expect(chooseBest(settings(), rounds.toReversed())?.id ?? null).toBe(expected)
  })
})

describe('with LAST the result', () => {
  const cases: [string, LoopRound[], string | null][] = [
    ['is the last round, though an earlier one was better', history(scored(9, 7), scored(2, 2)), '2.0'],
    ['is the last round that has a picture', [...history(scored(5, 5)), round(2, null, failedEdit)], '1.0'],
    [
      'is the best candidate of the last index',
      [round(1, scored(9, 7)), round(2, scored(3, 3)), round(2, scored(4, 4), { candidate: 1 })],
      '2.1',
    ],
    ['is the source where round 0 satisfied', [round(0, flagged(true))], '0.0'],
    ['is nothing without a picture', [round(0, scored(1, 1)), round(1, null, failedEdit)], null],
  ]
  it.each(cases)('%s', (_, rounds, expected) => {
    expect(chooseBest(settings({ select: 'LAST' }), rounds)?.id ?? null).toBe(expected)
  })
})
