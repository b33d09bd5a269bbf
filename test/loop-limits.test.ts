import { describe, expect, it } from 'vitest'
import { decideDeadline, decideNext } from '../src/loop/decide.ts'
import type { LoopRound } from '../src/loop/round.ts'
import { type EndCase, expectEnd } from './support/loop-end.ts'
import { flagged, history, round, scored, settings, state, unreadable } from './support/loop-history.ts'

const failed = { status: 'FAILED' as const, hasImage: false }
const canceled = { status: 'CANCELED' as const, hasImage: false }

describe('patience', () => {
  const cases: [string, number, LoopRound[], boolean][] = [
    ['holds while each round gains', 1, history(scored(4, 4), scored(5, 5), scored(6, 6)), false],
    ['ends after one round without a gain', 1, history(scored(5, 5), scored(4, 4)), true],
    ['takes an equal score for no gain', 1, history(scored(5, 5), scored(5, 5)), true],
    ['holds one round more where it is 2', 2, history(scored(5, 5), scored(4, 4)), false],
    ['ends after two rounds without a gain', 2, history(scored(5, 5), scored(4, 4), scored(4.5, 4.5)), true],
    ['begins anew with a gain', 2, history(scored(5, 5), scored(4, 4), scored(6, 6), scored(5, 5)), false],
    ['never ends after round 1', 1, history(scored(0, 0)), false],
    ['does not count a round whose verdict could not be read', 1, history(scored(5, 5), unreadable), false],
    ['does not begin anew with it either', 2, history(scored(5, 5), scored(4, 4), unreadable, scored(4, 4)), true],
    ['does not count rounds without scores', 1, history(flagged(false), flagged(false, 'again')), false],
    ['does not count round 0', 1, [round(0, scored(7, 7)), round(1, scored(2, 2))], false],
    [
      'looks at the best candidate of an index',
      1,
      [...history(scored(5, 5)), round(2, scored(2, 2)), round(2, scored(6, 6), { candidate: 1 })],
      false,
    ],
  ]
  it.each(cases)('%s', (_, patience, rounds, isEnd) => {
    const decision = decideNext(state({ rounds, settings: settings({ stop: { patience } }) }))
    expect(decision).toMatchObject(isEnd ? { type: 'finish', stopReason: 'PATIENCE' } : { type: 'edit' })
  })
})

describe('a limit', () => {
  const budget = settings({ stop: { maxEditorSeconds: 10, maxThinkerTokens: 1000 } })
  const one = history(scored(5, 5))
  const cases: EndCase[] = [
    ['holds while less is spent', { rounds: one, editorSeconds: 9.9, thinkerTokens: 999 }, null],
    ['on editor seconds ends as BUDGET', { rounds: one, editorSeconds: 10 }, ['SUCCEEDED', 'BUDGET', '1.0']],
    ['on thinker tokens ends as BUDGET', { rounds: one, thinkerTokens: 1000 }, ['SUCCEEDED', 'BUDGET', '1.0']],
    ['on time ends as DEADLINE', { rounds: one, isPastDeadline: true }, ['SUCCEEDED', 'DEADLINE', '1.0']],
    [
      'of both kinds ends as BUDGET',
      { rounds: one, editorSeconds: 10, isPastDeadline: true },
      ['SUCCEEDED', 'BUDGET', '1.0'],
    ],
    [
      'met before any edit fails as BUDGET',
      { rounds: [round(0, scored(5, 5))], thinkerTokens: 1000 },
      ['FAILED', 'BUDGET', null],
    ],
    [
      'met before any edit fails as DEADLINE',
      { rounds: [round(0, scored(5, 5))], isPastDeadline: true },
      ['FAILED', 'DEADLINE', null],
    ],
    [
      'met by a satisfied source does not matter',
      { rounds: [round(0, scored(9, 9))], thinkerTokens: 1000 },
      ['SUCCEEDED', 'SATISFIED', '0.0'],
    ],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    expectEnd(decideNext(state({ settings: budget, ...changes })), expected)
  })

  it('gives way to the reasons that come before it', () => {
    // Every reason holds at first; each step takes the foremost away and the next one shows.
    const stop = { patience: 1, maxEditorSeconds: 1, semanticAtLeast: 4, qualityAtLeast: 4 }
    let given = state({
      rounds: history(scored(4, 4), scored(4, 4, 'prompt 2')),
      settings: settings({ maxRounds: 2, stop }),
      editorSeconds: 1,
      isPastDeadline: true,
    })
    const expectReason = (stopReason: string) => expect(decideNext(given)).toMatchObject({ type: 'finish', stopReason })
    expectReason('SATISFIED')
    given = { ...given, settings: settings({ maxRounds: 2, stop: { ...stop, semanticAtLeast: 8 } }) }
    expectReason('NO_REFINEMENT')
    given = { ...given, rounds: history(scored(4, 4), scored(4, 4)) }
    expectReason('PATIENCE')
    given = { ...given, settings: settings({ maxRounds: 2, stop: { maxEditorSeconds: 1 } }) }
    expectReason('BUDGET')
    given = { ...given, settings: settings({ maxRounds: 2 }) }
    expectReason('DEADLINE')
    given = { ...given, isPastDeadline: false }
    expectReason('MAX_ROUNDS')
    given = { ...given, settings: settings({ maxRounds: 3 }) }
    expect(decideNext(given)).toMatchObject({ type: 'edit', index: 3 })
  })
})

describe('at the deadline the run', () => {
  const cases: EndCase[] = [
    ['fails before any round', {}, ['FAILED', 'DEADLINE', null]],
    [
      'fails while round 1 has no picture',
      { rounds: [round(1, null, { status: 'PENDING', hasImage: false })] },
      ['FAILED', 'DEADLINE', null],
    ],
    ['succeeds with a picture nobody judged', { rounds: [round(1, null)] }, ['SUCCEEDED', 'DEADLINE', '1.0']],
    [
      'succeeds with what earlier rounds made',
      { rounds: [...history(scored(5, 5)), round(2, null, canceled)] },
      ['SUCCEEDED', 'DEADLINE', '1.0'],
    ],
    [
      'is satisfied by a candidate whose siblings were given up',
      { rounds: [round(1, null, canceled), round(1, scored(8, 8), { candidate: 1 })] },
      ['SUCCEEDED', 'SATISFIED', '1.1'],
    ],
    [
      'is judged no further where candidates were given up',
      {
        rounds: [
          ...history(scored(5, 5)),
          round(2, scored(4, 4, 'prompt 2')),
          round(2, null, { ...canceled, candidate: 1 }),
        ],
      },
      ['SUCCEEDED', 'DEADLINE', '1.0'],
    ],
    [
      'ends by an earlier reason where the index was complete',
      { rounds: history(scored(5, 5, 'prompt 1')) },
      ['SUCCEEDED', 'NO_REFINEMENT', '1.0'],
    ],
    [
      'ends as DEADLINE where it would have gone on',
      { rounds: history(scored(5, 5)) },
      ['SUCCEEDED', 'DEADLINE', '1.0'],
    ],
    [
      'fails where every candidate had failed',
      { rounds: [...history(scored(5, 5)), round(2, null, failed)] },
      ['FAILED', 'FAILED', '1.0'],
    ],
    [
      'without critique ends as DEADLINE where a candidate was given up',
      {
        settings: settings({ critique: false }),
        rounds: [round(1, null), round(1, null, { ...canceled, candidate: 1 })],
      },
      ['SUCCEEDED', 'DEADLINE', '1.0'],
    ],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    expectEnd(decideDeadline(state(changes)), expected)
  })
})
