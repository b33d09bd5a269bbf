import { describe, expect, it } from 'vitest'
import type { LoopCritique, LoopVerdict } from '../src/loop/round.ts'
import { isSatisfied, isUnreadable } from '../src/loop/satisfied.ts'
import { overallScore } from '../src/loop/score.ts'
import { defaultSettings } from '../src/loop/settings.ts'
import { flagged, scored, unreadable } from './support/loop-history.ts'

const { stop } = defaultSettings

describe('a round is satisfied', () => {
  const cases: [string, LoopCritique | null, boolean | null][] = [
    ['with both scores at the threshold', scored(8, 8), true],
    ['not with one score below it', scored(10, 7.9), false],
    ['by its scores against the word of the critic', { ...scored(9, 9), isSatisfied: false }, true],
    ['not by the word of the critic against its scores', { ...scored(7, 7), isSatisfied: true }, false],
    ['not by an unchanged prompt against its scores', scored(7, 7, 'last'), false],
    ['by the word of the critic without scores', flagged(true), true],
    ['not by an unchanged prompt against the word of the critic', flagged(false, 'last'), false],
    ['by the word of the critic with one score alone', { ...flagged(true), quality: 2 }, true],
    ['by an unchanged prompt where nothing else was said', flagged(null, '  last\n'), true],
    ['not by a changed prompt where nothing else was said', flagged(null, 'Last'), false],
    ['in no way without a critique', null, null],
    ['in no way by an unreadable critique', unreadable, null],
    ['in no way by an error, whatever stands beside it', { ...scored(9, 9), errorCode: 'UNREADABLE_VERDICT' }, null],
    ['in no way by scores that are no numbers', scored(Number.NaN, 9), null],
    ['in no way by a score over 10', { ...scored(11, 11), isSatisfied: true }, null],
    ['in no way by a verdict that says nothing', flagged(null, ' '), null],
  ]
  it.each(cases)('%s', (_, critique, expected) => {
    expect(isSatisfied(stop, critique, ' last ')).toBe(expected)
  })

  it('by the thresholds of its own job', () => {
    expect(isSatisfied({ ...stop, semanticAtLeast: 6, qualityAtLeast: 5 }, scored(6, 5), 'last')).toBe(true)
    expect(isSatisfied({ ...stop, semanticAtLeast: 6, qualityAtLeast: 5 }, scored(5, 6), 'last')).toBe(false)
  })
})

describe('a verdict', () => {
  const cases: [string, LoopVerdict, boolean][] = [
    ['with scores and a refined prompt is readable', scored(5, 5), false],
    ['with scores that satisfy needs no refined prompt', scored(8, 8, null), false],
    ['with scores that do not satisfy and no refined prompt is unreadable', scored(5, 5, null), true],
    ['with an empty refined prompt is unreadable', scored(5, 5, ' \n'), true],
    ['that says satisfied needs no refined prompt', flagged(true, null), false],
    ['that says satisfied at low scores is readable', { ...scored(5, 5, null), isSatisfied: true }, false],
    ['that says unsatisfied without a refined prompt is unreadable', flagged(false, null), true],
    ['with a refined prompt alone is readable', flagged(null), false],
    ['that says nothing is unreadable', flagged(null, null), true],
    ['with a score that is no number is unreadable', scored(Number.NaN, 5), true],
    ['with an infinite score is unreadable', scored(5, Number.POSITIVE_INFINITY), true],
    ['with a score below 0 is unreadable', scored(-1, 5), true],
    ['with a score of 85 of 100 is unreadable, not satisfied', scored(85, 90), true],
  ]
  it.each(cases)('%s', (_, verdict, expected) => {
    expect(isUnreadable(stop, verdict)).toBe(expected)
  })
})

describe('the overall score', () => {
  const cases: [string, number | null, number | null, number | null][] = [
    ['is the square root of the product', 4, 9, 6],
    ['is 0 where one score is', 0, 10, 0],
    ['is null without both scores', null, 9, null],
    ['is null for a score that cannot be meant', 9, 12, null],
  ]
  it.each(cases)('%s', (_, semantic, quality, expected) => {
    expect(overallScore(semantic, quality)).toBe(expected)
  })
})
