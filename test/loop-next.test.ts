import { describe, expect, it } from 'vitest'
import { type Decision, decideNext } from '../src/loop/decide.ts'
import type { LoopRound, LoopState } from '../src/loop/round.ts'
import { deriveSeed } from '../src/loop/seed.ts'
import { flagged, history, instruction, round, scored, settings, state, unreadable } from './support/loop-history.ts'

const failed = { status: 'FAILED' as const, hasImage: false }

/** Index and first planned round of an edit decision. */
function firstOf(decision: Decision) {
  if (decision.type !== 'edit') throw new Error(`expected an edit, got ${JSON.stringify(decision)}`)
  return { index: decision.index, ...decision.rounds[0] }
}

describe('the next index', () => {
  const cases: [string, Partial<LoopState>, object][] = [
    [
      'edits the source with the refined prompt, its seed derived from the base seed',
      { rounds: history(scored(5, 5, ' darker still ')) },
      {
        index: 2,
        candidate: 0,
        prompt: 'darker still',
        promptSource: 'REFINED',
        parentId: '1.0',
        editFromRoundId: null,
        seed: deriveSeed(4711, 2, 0),
      },
    ],
    [
      'derives its seed from the seed of the user',
      { rounds: history(scored(5, 5)), settings: settings({ seed: 42 }) },
      { seed: deriveSeed(42, 2, 0) },
    ],
    [
      'takes the prompt of the best candidate',
      { rounds: [round(1, scored(6, 6, 'a')), round(1, scored(7, 7, 'b'), { candidate: 1 })] },
      { prompt: 'b', parentId: '1.1' },
    ],
    [
      'takes the prompt of the lower candidate where two are equal',
      { rounds: [round(1, scored(6, 6, 'b'), { candidate: 1 }), round(1, scored(6, 6, 'a'))] },
      { prompt: 'a', parentId: '1.0' },
    ],
    [
      'takes the prompt of a candidate that was scored before one that was not',
      { rounds: [round(1, flagged(false, 'a')), round(1, scored(1, 1, 'b'), { candidate: 1 })] },
      { prompt: 'b', parentId: '1.1' },
    ],
    [
      'takes the prompt of a candidate whose verdict could be read',
      { rounds: [round(1, unreadable), round(1, flagged(false, 'b'), { candidate: 1 })] },
      { prompt: 'b', parentId: '1.1' },
    ],
    [
      'comes although one candidate failed',
      { rounds: [round(1, null, failed), round(1, scored(5, 5, 'b'), { candidate: 1 })] },
      { prompt: 'b', parentId: '1.1' },
    ],
    [
      'goes on from the latest index, not from a better earlier one',
      { rounds: history(scored(7, 7, 'a'), scored(3, 3, 'b')) },
      { index: 3, prompt: 'b', parentId: '2.0' },
    ],
    [
      'repeats the prompt with another seed after unreadable verdicts',
      { rounds: [round(1, unreadable), round(1, unreadable, { candidate: 1 })] },
      { prompt: 'prompt 1', promptSource: 'INSTRUCTION', parentId: '1.0', seed: deriveSeed(4711, 2, 0) },
    ],
    [
      'repeats the prompt of a verdict that was recorded with scores but nothing to try',
      { rounds: history(scored(5, 5, null)) },
      { prompt: 'prompt 1', promptSource: 'INSTRUCTION' },
    ],
    [
      'goes on where an earlier prompt, not the last one, comes back',
      { rounds: history(scored(5, 5), scored(5, 5, 'prompt 1')) },
      { prompt: 'prompt 1', promptSource: 'REFINED' },
    ],
    [
      'after round 0 is index 1 with the refined prompt and round 0 as parent',
      { rounds: [round(0, scored(2, 9, 'darken the sky'))] },
      { index: 1, prompt: 'darken the sky', promptSource: 'REFINED', parentId: '0.0', seed: 4711 },
    ],
    [
      'after an unreadable round 0 begins with the instruction',
      { rounds: [round(0, unreadable)] },
      { index: 1, prompt: instruction, promptSource: 'INSTRUCTION', parentId: '0.0' },
    ],
    [
      'after a round 0 that the critic liked and its scores did not begins with the instruction',
      { rounds: [round(0, { ...scored(5, 9, null), isSatisfied: true })] },
      { index: 1, prompt: instruction, promptSource: 'INSTRUCTION' },
    ],
    [
      'takes the instruction from round 0 too when the critic repeats it',
      { rounds: [round(0, flagged(null, instruction))] },
      { index: 1, prompt: instruction },
    ],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    const given = { settings: settings(), ...changes }
    expect(firstOf(decideNext(state(given)))).toMatchObject(expected)
    expect(firstOf(decideNext(state({ ...given, rounds: given.rounds?.toReversed() ?? [] })))).toMatchObject(expected)
  })

  it('has all its candidates again, also after one failed', () => {
    const rounds = [round(1, scored(5, 5)), round(1, null, { ...failed, candidate: 1 })]
    const decision = decideNext(state({ rounds, settings: settings({ candidates: 2 }) }))
    expect(decision).toMatchObject({ type: 'edit', index: 2, rounds: [{ candidate: 0 }, { candidate: 1 }] })
  })

  it('never takes a seed the job had before', () => {
    const rounds = history({ ...scored(5, 5) }).map(first => ({ ...first, seed: deriveSeed(4711, 2, 0) }))
    expect(firstOf(decideNext(state({ rounds }))).seed).toBe(deriveSeed(4711, 2, 0, 1))
  })
})

describe('the picture that is edited', () => {
  const rounds = [
    ...history(scored(7, 7), scored(4, 4)),
    round(3, scored(5, 5)),
    round(3, scored(6, 6), { candidate: 1 }),
  ]
  const cases: [string, LoopState['settings']['editFrom'], LoopRound[], string | null][] = [
    ['is the source with SOURCE', 'SOURCE', rounds, null],
    ['is that of the best candidate of the index before with PREVIOUS', 'PREVIOUS', rounds, '3.1'],
    ['is that of the best round so far with BEST', 'BEST', rounds, '1.0'],
    ['is the source after round 0 with PREVIOUS', 'PREVIOUS', [round(0, scored(5, 5))], null],
    ['is the source after round 0 with BEST', 'BEST', [round(0, scored(5, 5))], null],
    [
      'is not one whose critique failed',
      'BEST',
      [round(1, null, { status: 'FAILED' }), round(1, unreadable, { candidate: 1 })],
      '1.1',
    ],
  ]
  it.each(cases)('%s', (_, editFrom, given, expected) => {
    const decision = decideNext(state({ rounds: given, settings: settings({ editFrom }) }))
    expect(firstOf(decision).editFromRoundId).toBe(expected)
  })
})

describe('the loop waits', () => {
  const cases: [string, LoopRound[]][] = [
    ['before any round', []],
    [
      'for a candidate that is not edited',
      [round(1, scored(9, 9)), round(1, null, { candidate: 1, status: 'PENDING' })],
    ],
    ['for a candidate that is not judged', [round(1, scored(9, 9)), round(1, null, { candidate: 1 })]],
    ['for round 0 to be judged', [round(0, null)]],
    [
      'after it planned the next index',
      [round(1, scored(5, 5)), round(2, null, { status: 'PENDING', hasImage: false })],
    ],
  ]
  it.each(cases)('%s', (_, rounds) => {
    expect(decideNext(state({ rounds }))).toEqual({ type: 'wait' })
  })
})
