import { describe, it } from 'vitest'
import { decideFailure, decideNext } from '../src/loop/decide.ts'
import { type EndCase, expectEnd } from './support/loop-end.ts'
import { flagged, history, round, scored, settings, state, unreadable } from './support/loop-history.ts'

const failed = { status: 'FAILED' as const, hasImage: false }

describe('the run', () => {
  const cases: EndCase[] = [
    [
      'ends as SATISFIED by its scores',
      { rounds: history(scored(5, 5), scored(8, 9)) },
      ['SUCCEEDED', 'SATISFIED', '2.0'],
    ],
    [
      'ends as SATISFIED by the word of the critic',
      { rounds: history(flagged(true, null)) },
      ['SUCCEEDED', 'SATISFIED', '1.0'],
    ],
    [
      'ends as SATISFIED by any candidate, though a better score gives the result',
      { rounds: [round(1, scored(10, 7.5)), round(1, scored(8, 8), { candidate: 1 })] },
      ['SUCCEEDED', 'SATISFIED', '1.0'],
    ],
    [
      'ends as SATISFIED beside a failed candidate',
      { rounds: [round(1, null, failed), round(1, scored(8, 8), { candidate: 1 })] },
      ['SUCCEEDED', 'SATISFIED', '1.1'],
    ],
    [
      'ends with the source where round 0 satisfied',
      { rounds: [round(0, scored(9, 9, null))] },
      ['SUCCEEDED', 'SATISFIED', '0.0'],
    ],
    [
      'ends as NO_REFINEMENT where low scores leave the prompt as it was',
      { rounds: history(scored(5, 5), scored(4, 4, ' prompt 2 ')) },
      ['SUCCEEDED', 'NO_REFINEMENT', '1.0'],
    ],
    [
      'ends as NO_REFINEMENT where only the blanks around the prompt changed',
      { rounds: [round(1, scored(4, 4, 'darker'), { prompt: '\tdarker ' })] },
      ['SUCCEEDED', 'NO_REFINEMENT', '1.0'],
    ],
    [
      'ends as NO_REFINEMENT where the unsatisfied critic leaves the prompt as it was',
      { rounds: history(flagged(false, 'prompt 1')) },
      ['SUCCEEDED', 'NO_REFINEMENT', '1.0'],
    ],
    [
      'ends as NO_REFINEMENT where the critic is content with low scores',
      { rounds: history({ ...scored(5, 5, null), isSatisfied: true }) },
      ['SUCCEEDED', 'NO_REFINEMENT', '1.0'],
    ],
    [
      'ends as MAX_ROUNDS after the last round was judged',
      { rounds: history(scored(5, 5), scored(6, 6)), settings: settings({ maxRounds: 2 }) },
      ['SUCCEEDED', 'MAX_ROUNDS', '2.0'],
    ],
    [
      'ends as SATISFIED on the last round',
      { rounds: history(scored(5, 5), scored(8, 8)), settings: settings({ maxRounds: 2 }) },
      ['SUCCEEDED', 'SATISFIED', '2.0'],
    ],
    ['does not count round 0', { rounds: [round(0, scored(5, 5))], settings: settings({ maxRounds: 1 }) }, null],
    [
      'ends as MAX_ROUNDS after unreadable verdicts alone, never as SATISFIED',
      { rounds: history(unreadable, unreadable), settings: settings({ maxRounds: 2 }) },
      ['SUCCEEDED', 'MAX_ROUNDS', '2.0'],
    ],
    ['goes on after an unreadable verdict while rounds remain', { rounds: history(unreadable) }, null],
    ['ends as FAILED where all candidates failed', { rounds: [round(1, null, failed)] }, ['FAILED', 'FAILED', null]],
    [
      'ends as FAILED where a later index failed, and keeps the result',
      { rounds: [...history(scored(5, 5)), round(2, null, failed)] },
      ['FAILED', 'FAILED', '1.0'],
    ],
    [
      'ends as FAILED where no critique could be made, and keeps the picture',
      { rounds: [round(1, null, { status: 'FAILED' })] },
      ['FAILED', 'FAILED', '1.0'],
    ],
    [
      'ends as FAILED where the source could not be judged',
      { rounds: [round(0, null, failed)] },
      ['FAILED', 'FAILED', null],
    ],
    [
      'gives the last picture with LAST',
      { rounds: history(scored(7, 7), scored(3, 3)), settings: settings({ maxRounds: 2, select: 'LAST' }) },
      ['SUCCEEDED', 'MAX_ROUNDS', '2.0'],
    ],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    expectEnd(decideNext(state(changes)), expected)
  })
})

describe('without critique the run', () => {
  const uncritical = settings({ critique: false, candidates: 2 })
  const pair = [round(1, null), round(1, null, { candidate: 1 })]
  const cases: EndCase[] = [
    ['ends as MAX_ROUNDS with the first candidate', { rounds: pair }, ['SUCCEEDED', 'MAX_ROUNDS', '1.0']],
    [
      'ends with the candidate that did not fail',
      { rounds: [round(1, null, failed), round(1, null, { candidate: 1 })] },
      ['SUCCEEDED', 'MAX_ROUNDS', '1.1'],
    ],
    [
      'ends as MAX_ROUNDS, whatever the edit cost',
      { rounds: pair, editorSeconds: 9, isPastDeadline: true },
      ['SUCCEEDED', 'MAX_ROUNDS', '1.0'],
    ],
    ['ends as FAILED where all failed', { rounds: [round(1, null, failed)] }, ['FAILED', 'FAILED', null]],
    [
      'ends as MAX_ROUNDS beside a candidate that was canceled in an earlier run',
      { rounds: [round(1, null, { status: 'CANCELED' }), round(1, null, { candidate: 1 })] },
      ['SUCCEEDED', 'MAX_ROUNDS', '1.0'],
    ],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    const stop = { ...uncritical.stop, maxEditorSeconds: 5 }
    expectEnd(decideNext(state({ settings: { ...uncritical, stop }, ...changes })), expected)
  })
})

describe('a run that cannot go on', () => {
  it('fails and keeps what was made', () => {
    expectEnd(decideFailure(state()), ['FAILED', 'FAILED', null])
    expectEnd(decideFailure(state({ rounds: history(scored(5, 5)) })), ['FAILED', 'FAILED', '1.0'])
  })
})
