import { describe, expect, it } from 'vitest'
import { type Decision, decideAfterPolish, decideStart } from '../src/loop/decide.ts'
import { decideFork } from '../src/loop/fork.ts'
import type { LoopStart, LoopState } from '../src/loop/round.ts'
import { flagged, instruction, round, scored, settings, state, unreadable } from './support/loop-history.ts'

/** The first planned round of an edit decision. */
function firstOf(decision: Decision) {
  if (decision.type !== 'edit') throw new Error(`expected an edit, got ${decision.type}`)
  return decision.rounds[0]
}

describe('a new job', () => {
  it('edits the source with the instruction as it is', () => {
    expect(decideStart(state({ settings: settings({ seed: 42 }) }))).toEqual({
      type: 'edit',
      index: 1,
      rounds: [
        {
          candidate: 0,
          prompt: instruction,
          promptSource: 'INSTRUCTION',
          seed: 42,
          parentId: null,
          editFromRoundId: null,
        },
      ],
    })
  })

  it('begins with its base seed where the user gave none', () => {
    expect(firstOf(decideStart(state({ baseSeed: 99 })))).toMatchObject({ seed: 99 })
  })

  it('edits as many candidates as asked, each with its own seed', () => {
    const decision = decideStart(state({ settings: settings({ candidates: 8, seed: 42 }) }))
    if (decision.type !== 'edit') throw new Error(decision.type)
    expect(decision.rounds.map(planned => planned.candidate)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(new Set(decision.rounds.map(planned => planned.seed)).size).toBe(8)
    expect(new Set(decision.rounds.map(planned => planned.prompt))).toEqual(new Set([instruction]))
  })

  it('edits the source in round 1 wherever later rounds edit from', () => {
    for (const editFrom of ['PREVIOUS', 'BEST'] as const)
      expect(firstOf(decideStart(state({ settings: settings({ editFrom }) })))).toMatchObject({ editFromRoundId: null })
  })

  const begun = [round(1, null)]
  const cases: [string, Partial<LoopState>, Partial<Decision>][] = [
    ['polishes first with POLISH', { settings: settings({ firstRound: 'POLISH' }) }, { type: 'polish' }],
    [
      'judges the source first with EVALUATE',
      { settings: settings({ firstRound: 'EVALUATE' }) },
      { type: 'critiqueSource' },
    ],
    [
      'asks no thinker where it wants no critique',
      { settings: settings({ firstRound: 'POLISH', critique: false }) },
      { type: 'edit', index: 1 },
    ],
    [
      'fails with BUDGET where nothing may be spent',
      { settings: settings({ stop: { maxEditorSeconds: 0 } }) },
      { type: 'finish', status: 'FAILED', stopReason: 'BUDGET', bestRoundId: null },
    ],
    ['is started once', { rounds: begun }, { type: 'wait' }],
  ]
  it.each(cases)('%s', (_, changes, expected) => {
    expect(decideStart(state(changes))).toMatchObject(expected)
  })
})

describe('after the polish, round 1', () => {
  const polishing = state({ settings: settings({ firstRound: 'POLISH' }) })

  it('takes the polished prompt', () => {
    expect(firstOf(decideAfterPolish(polishing, ' Darken the sky by 20%\n'))).toMatchObject({
      prompt: 'Darken the sky by 20%',
      promptSource: 'POLISHED',
      parentId: null,
    })
  })

  it.each([null, '', ' \n'])('falls back to the instruction and says so when the polish was %j', polished => {
    expect(firstOf(decideAfterPolish(polishing, polished))).toMatchObject({
      prompt: instruction,
      promptSource: 'INSTRUCTION',
    })
  })

  it('is planned once', () => {
    expect(decideAfterPolish({ ...polishing, rounds: [round(1, null)] }, 'polished')).toEqual({ type: 'wait' })
  })

  it('does not come when the polish used up the budget or the time', () => {
    const spent = { ...polishing, settings: settings({ stop: { maxThinkerTokens: 100 } }), thinkerTokens: 100 }
    const failed = { type: 'finish', status: 'FAILED', bestRoundId: null }
    expect(decideAfterPolish(spent, 'polished')).toEqual({ ...failed, stopReason: 'BUDGET' })
    expect(decideAfterPolish({ ...polishing, isPastDeadline: true }, 'polished')).toEqual({
      ...failed,
      stopReason: 'DEADLINE',
    })
  })
})

describe('a fork', () => {
  const judged = round(3, scored(5, 5, ' sharper '))
  const start: LoopStart = { prompt: 'mine', promptSource: 'USER', parentId: '3.0', editFromRoundId: '3.0' }

  it('begins with its own prompt, whatever the first round would be', () => {
    for (const firstRound of ['DIRECT', 'POLISH', 'EVALUATE'] as const)
      expect(firstOf(decideStart(state({ start, settings: settings({ firstRound }) })))).toMatchObject({
        prompt: 'mine',
        promptSource: 'USER',
        parentId: '3.0',
        editFromRoundId: null,
      })
  })

  it('edits the forked picture with PREVIOUS', () => {
    const decision = decideStart(state({ start, settings: settings({ editFrom: 'PREVIOUS' }) }))
    expect(firstOf(decision)).toMatchObject({ editFromRoundId: '3.0' })
  })

  const cases: [string, Parameters<typeof decideFork>, Partial<LoopStart>][] = [
    [
      'takes the prompt of the user',
      [judged, { prompt: 'mine', instruction }],
      { prompt: 'mine', promptSource: 'USER' },
    ],
    [
      'else the refined prompt',
      [judged, { prompt: null, instruction }],
      { prompt: 'sharper', promptSource: 'REFINED' },
    ],
    [
      'else the prompt of the round itself',
      [round(3, flagged(true, null)), { prompt: null, instruction }],
      { prompt: 'prompt 3', promptSource: 'REFINED' },
    ],
    [
      'else, after an unreadable round 0, the instruction',
      [round(0, unreadable), { prompt: null, instruction }],
      { prompt: instruction, promptSource: 'INSTRUCTION', editFromRoundId: null },
    ],
    [
      'edits the source where the round is round 0, whose picture it is',
      [round(0, scored(5, 5), { hasImage: true }), { prompt: null, instruction }],
      { prompt: 'refined', promptSource: 'REFINED', parentId: '0.0', editFromRoundId: null },
    ],
    [
      'takes no prompt from a verdict that could not be read',
      [round(3, { ...unreadable, refinedPrompt: 'scraps' }), { prompt: null, instruction }],
      { prompt: 'prompt 3' },
    ],
    [
      'edits the source where the round has no picture',
      [round(2, null, { status: 'FAILED', hasImage: false }), { prompt: null, instruction }],
      { parentId: '2.0', editFromRoundId: null },
    ],
  ]
  it.each(cases)('%s', (_, args, expected) => {
    expect(decideFork(...args)).toMatchObject(expected)
  })
})
