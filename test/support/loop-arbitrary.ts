import fc from 'fast-check'
import type { LoopState } from '../../src/loop/round.ts'
import { maxSeed } from '../../src/loop/seed.ts'
import type { LoopSettings, StopRule } from '../../src/loop/settings.ts'
import { state } from './loop-history.ts'
import type { Ask, Fate, World } from './loop-simulator.ts'

// The usual value three times in four: histories stay long enough to be worth a look.
const mostly = <T>(usual: T, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other })
const often = fc.integer({ min: 0, max: 19 }).map(roll => roll > 0)

const score = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 10 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 20 }).map(half => half / 2) },
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 11, -1, Number.POSITIVE_INFINITY) },
)
const ask: fc.Arbitrary<Ask> = fc.record({
  semantic: score,
  quality: score,
  isSatisfied: mostly<boolean | null>(null, fc.boolean()),
  refined: mostly<Ask['refined']>('NEW', fc.constantFrom('NEW', 'SAME', 'EMPTY', 'NONE')),
})
const fate: fc.Arbitrary<Fate> = fc.record({
  isEdited: often,
  isJudged: often,
  seconds: fc.integer({ min: 0, max: 30 }),
  tokens: fc.integer({ min: 0, max: 500 }),
  asks: fc.tuple(ask, ask, ask),
})
const stop: fc.Arbitrary<StopRule> = fc.record({
  semanticAtLeast: fc.integer({ min: 7, max: 10 }),
  qualityAtLeast: fc.integer({ min: 7, max: 10 }),
  patience: mostly<number | null>(null, fc.integer({ min: 1, max: 5 })),
  maxEditorSeconds: mostly<number | null>(null, fc.integer({ min: 1, max: 500 })),
  maxThinkerTokens: mostly<number | null>(null, fc.integer({ min: 1, max: 9000 })),
  deadlineSeconds: fc.constant(null),
})
const settings: fc.Arbitrary<LoopSettings> = fc.record({
  firstRound: fc.constantFrom('DIRECT', 'POLISH', 'EVALUATE'),
  maxRounds: fc.integer({ min: 1, max: 20 }),
  candidates: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 8 })),
  editFrom: fc.constantFrom('SOURCE', 'PREVIOUS', 'BEST'),
  select: fc.constantFrom('BEST', 'BEST', 'LAST'),
  stop,
  critique: often,
  seed: fc.option(fc.integer({ min: 0, max: maxSeed })),
})

/** A job before its first decision, with any settings the API admits. */
export const anyNewJob: fc.Arbitrary<LoopState> = fc
  .record({ settings, baseSeed: fc.integer({ min: 0, max: maxSeed }) })
  .map(given => state(given))

/** Engines that may do anything, and a deadline that may fall at any time. */
export const anyWorld: fc.Arbitrary<World> = fc.record({
  polish: fc.record({ isAlive: often, text: fc.constantFrom('polished', 'polished', '', null) }),
  fates: fc.array(fate, { minLength: 1, maxLength: 40 }),
  order: fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }),
  deadlineAfter: mostly<number | null>(null, fc.nat(60)),
  finishesLate: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
})

/** The same engines with nothing failing and no deadline. */
export function healed(world: World): World {
  const fates = world.fates.map(given => ({ ...given, isEdited: true, isJudged: true }))
  return { ...world, fates, polish: { ...world.polish, isAlive: true }, deadlineAfter: null }
}
