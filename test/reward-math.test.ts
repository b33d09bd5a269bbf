import { describe, expect, it } from 'vitest'
import { readAnswer } from '../src/rewards/read-answer.ts'
import { type Outcome, type PaperWeights, type Rewards, toRewards, toTotal } from '../src/rewards/reward.ts'

const lax = { isStrict: false }
const good = '<think>It is dull.</think><score>{"semantic": 6, "quality": 7}</score><answer>Make it bluer</answer>'

describe('reading an answer', () => {
  it('finds scores and prompt between the three tags', () => {
    expect(readAnswer(good, lax)).toEqual({
      isWellFormed: true,
      scores: { semantic: 6, quality: 7 },
      prompt: 'Make it bluer',
    })
  })

  it('takes tags in any case of letters, with white space in them and words around', () => {
    const text = 'Well: < Think >x< / think >\n<SCORE> {"semantic":1.5,"quality":2} </ Score>  <Answer>go</ANSWER> bye'
    expect(readAnswer(text, lax)).toEqual({
      isWellFormed: true,
      scores: { semantic: 1.5, quality: 2 },
      prompt: 'go',
    })
  })

  it('removes the white space around every <, > and / also inside the prompt', () => {
    expect(readAnswer(good.replace('bluer', 'black / white, a  >  b'), lax).prompt).toBe('Make it black/white, a>b')
  })

  it.each([
    ['no think', good.replace('<think>It is dull.</think>', '')],
    ['a think that stays open', good.replace('</think>', '')],
    ['no answer', good.replace('<answer>Make it bluer</answer>', '')],
    ['the score before the think', good.replace(/^(<think>.*<\/think>)(<score>.*<\/score>)/, '$2$1')],
    ['a score that is no JSON', good.replace('{"semantic": 6', '{semantic: 6')],
    ['a score that is no object', good.replace('{"semantic": 6, "quality": 7}', '[6, 7]')],
    ['an empty object', good.replace('{"semantic": 6, "quality": 7}', '{}')],
    ['a score in quotes', good.replace('6', '"6"')],
    ['one score alone', good.replace('"semantic": 6, ', '')],
  ])('gives no format reward to %s', (_, text) => {
    expect(readAnswer(text, lax).isWellFormed).toBe(false)
  })

  it('gives the prompt of an answer whose form is wrong elsewhere', () => {
    expect(readAnswer(good.replace('6', '"6"'), lax)).toMatchObject({ scores: null, prompt: 'Make it bluer' })
  })

  it('looks at the range of the scores only where it is strict', () => {
    const text = good.replace('6', '11')
    expect(readAnswer(text, lax)).toMatchObject({ isWellFormed: true, scores: { semantic: 11, quality: 7 } })
    expect(readAnswer(text, { isStrict: true })).toMatchObject({ isWellFormed: false, scores: null })
    expect(readAnswer(good, { isStrict: true }).isWellFormed).toBe(true)
  })

  it('gives an empty prompt for an empty answer and for no text at all', () => {
    expect(readAnswer(good.replace('Make it bluer', ' '), lax)).toMatchObject({ isWellFormed: true, prompt: '' })
    expect(readAnswer('', lax)).toEqual({ isWellFormed: false, scores: null, prompt: '' })
  })
})

const answer = readAnswer(good, lax)
const before = { semantic: 5, quality: 8 }
const mute = readAnswer('I refuse.', lax)

function total(outcome: Outcome, formula: 'CODE' | 'CODE_MIXED'): number {
  return toTotal(toRewards(outcome), { formula, wasEdited: outcome.after !== null })
}

describe('the rewards by hand', () => {
  it('of an edited answer: MSE 1, semantic up by 3, quality down by 1', () => {
    const rewards = toRewards({ answer, before, after: { semantic: 8, quality: 7 } })
    expect(rewards).toMatchObject({ format: 1, accuracy: 0.9 })
    expect(rewards.editedSemantic).toBeCloseTo(0.65, 12)
    expect(rewards.editedQuality).toBeCloseTo(0.45, 12)
  })

  it.each([
    ['success', { answer, before, after: { semantic: 8, quality: 7 } }, 0.825, 0.83],
    ['an edit that changes nothing', { answer, before, after: before }, 0.75, 0.79],
    ['the worst edit of the best picture', { answer, before: tens(10), after: tens(0) }, 0.5, 0.5],
    [
      'success of an answer in the wrong form',
      { answer: mute, before, after: { semantic: 8, quality: 7 } },
      0.325,
      0.24,
    ],
    ['a failed, late or skipped edit', { answer, before, after: null }, 0.79, 0.79],
    ['the same of an answer in the wrong form', { answer: mute, before, after: null }, 0.2, 0.2],
    ['the same with a guess that is far off', { answer, before: tens(0), after: null }, 0.7, 0.7],
    ['the same with an evaluation that is unknown', { answer, before: null, after: null }, 0.7, 0.7],
  ])('add up by the code for %s', (_, outcome, code, mixed) => {
    expect(total(outcome, 'CODE')).toBeCloseTo(code, 12)
    expect(total(outcome, 'CODE_MIXED')).toBeCloseTo(mixed, 12)
  })

  it('add up by the paper with its weights, in points or in tenths of the range', () => {
    const guess = readAnswer(good.replace('6', '9').replace('7', '4'), lax)
    const rewards = toRewards({ answer: guess, before: tens(5), after: tens(8) })
    expect(rewards).toMatchObject({ critic: -1, edit: 3 })
    const weights = { format: 0.2, critic: 0.3, edit: 0.5 }
    expect(byPaper(rewards, { ...weights, scoreRange: 10 })).toBeCloseTo(0.2 - 0.3 + 1.5, 12)
    expect(byPaper(rewards, { ...weights, scoreRange: 1 })).toBeCloseTo(0.2 - 0.03 + 0.15, 12)
  })

  it('take a guess that is missing for the farthest there is, and no edit for no gain', () => {
    expect(toRewards({ answer: mute, before, after: null })).toMatchObject({ critic: -10, edit: 0, accuracy: 0 })
  })
})

function tens(score: number) {
  return { semantic: score, quality: score }
}

function byPaper(rewards: Rewards, weights: PaperWeights) {
  return toTotal(rewards, { formula: 'PAPER', weights })
}
