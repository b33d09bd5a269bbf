// Weaknesses of the paper's own script that a loop can have by itself, each shown to be absent from ours. (Those of its
// storage, retries and endpoint pool are shown where those live.)
import { describe, expect, it } from 'vitest'
import { decideNext, decideStart } from '../src/loop/decide.ts'
import { isUnreadable } from '../src/loop/satisfied.ts'
import { defaultSettings } from '../src/loop/settings.ts'
import { flagged, history, instruction, round, scored, settings, state, unreadable } from './support/loop-history.ts'
import { type Ask, type Fate, simulateRun, type World } from './support/loop-simulator.ts'

const nonsense: Ask = { semantic: null, quality: null, isSatisfied: null, refined: 'NONE' }
const scores = (score: number): Ask => ({ semantic: score, quality: score, isSatisfied: null, refined: 'NEW' })

/** Healthy engines whose thinker answers round 0, 1, 2 ... with these verdicts, the last one from then on. */
function worldOf(...verdicts: Ask[]): World {
  const fates = Array.from({ length: 21 * 8 }, (_, position): Fate => {
    const ask = verdicts[Math.min(Math.floor(position / 8), verdicts.length - 1)] ?? nonsense
    return { isEdited: true, isJudged: true, seconds: 1, tokens: 1, asks: [ask, ask, ask] }
  })
  return { polish: { isAlive: true, text: null }, fates, order: [0], deadlineAfter: null, finishesLate: [false] }
}

function runOf(changes: Parameters<typeof settings>[0], ...verdicts: Ask[]) {
  const job = state({ settings: settings(changes) })
  return simulateRun(job, decideStart(job), worldOf(...verdicts))
}

describe('the last round does not win because it is the last', () => {
  it('gives the better earlier picture when a later edit is worse', () => {
    const { finish } = runOf({ maxRounds: 3 }, nonsense, scores(5), scores(7.5), scores(3))
    expect(finish).toMatchObject({ stopReason: 'MAX_ROUNDS', bestRoundId: '2.0' })
  })

  it('judges the last round too, so a goal reached there is known', () => {
    const { finish, state: end } = runOf({ maxRounds: 3 }, nonsense, scores(5), scores(6), scores(9))
    expect(finish).toMatchObject({ status: 'SUCCEEDED', stopReason: 'SATISFIED', bestRoundId: '3.0' })
    expect(end.rounds.map(({ status }) => status)).toEqual(['CRITIQUED', 'CRITIQUED', 'CRITIQUED'])
  })
})

describe('an answer that cannot be parsed is not "satisfied"', () => {
  it.each([
    ['without anything', flagged(null, null)],
    ['with scores below the threshold and no answer', scored(7, 7, null)],
    ['with scores and an empty answer', scored(7, 7, '')],
  ])('an answer %s is asked again', (_, verdict) => {
    expect(isUnreadable(defaultSettings.stop, verdict)).toBe(true)
  })

  it('does not end the loop', () => {
    const { finish, state: end } = runOf({ maxRounds: 4 }, nonsense)
    expect(finish.stopReason).toBe('MAX_ROUNDS')
    expect(end.rounds).toHaveLength(4)
  })

  it('does not deliver the untouched source as a success', () => {
    const { finish, state: end } = runOf({ firstRound: 'EVALUATE' }, nonsense, nonsense, scores(9))
    expect(end.rounds.map(({ index, prompt }) => [index, prompt])).toEqual([
      [0, ''],
      [1, instruction],
      [2, instruction],
    ])
    expect(finish).toMatchObject({ stopReason: 'SATISFIED', bestRoundId: '2.0' })
  })
})

describe('the same prompt is not edited again with the same seed', () => {
  it('brings a new seed to every round after unreadable verdicts', () => {
    const { state: end } = runOf({ maxRounds: 20, seed: 0 }, nonsense)
    expect(new Set(end.rounds.map(({ prompt }) => prompt))).toEqual(new Set([instruction]))
    expect(new Set(end.rounds.map(({ seed }) => seed)).size).toBe(20)
  })

  it('brings a new seed to every candidate', () => {
    const { state: end } = runOf({ maxRounds: 5, candidates: 8, seed: 0 }, nonsense)
    expect(new Set(end.rounds.map(({ seed }) => seed)).size).toBe(40)
  })
})

describe('an empty prompt is never edited', () => {
  it.each(['', ' ', '\n\t'])('takes %j for no refined prompt and asks again', refinedPrompt => {
    expect(isUnreadable(defaultSettings.stop, flagged(false, refinedPrompt))).toBe(true)
  })

  it.each([flagged(false, ''), scored(5, 5, ' '), unreadable])(
    'edits with the last prompt where %j was recorded',
    critique => {
      expect(decideNext(state({ rounds: history(critique) }))).toMatchObject({
        index: 2,
        rounds: [{ prompt: 'prompt 1' }],
      })
      expect(decideNext(state({ rounds: [round(0, critique)] }))).toMatchObject({
        index: 1,
        rounds: [{ prompt: instruction }],
      })
    },
  )
})

describe('a job can be repeated', () => {
  const verdicts = [nonsense, scores(5), nonsense, scores(6), scores(4)]

  it('goes the same way, seed by seed, where the user gave a seed', () => {
    const first = runOf({ candidates: 3, seed: 7 }, ...verdicts)
    const second = runOf({ candidates: 3, seed: 7 }, ...verdicts)
    expect(second).toEqual(first)
    expect(first.state.rounds).toHaveLength(15)
  })

  it('stores a seed for every edit, also where the user gave none', () => {
    const { state: end } = runOf({ candidates: 3 }, ...verdicts)
    for (const { seed } of end.rounds) expect(seed).toEqual(expect.any(Number))
  })

  it('goes another way with another seed', () => {
    const seedsOf = (seed: number) => runOf({ seed }, ...verdicts).state.rounds.map(made => made.seed)
    expect(seedsOf(7).filter(seed => seedsOf(8).includes(seed))).toEqual([])
  })
})
