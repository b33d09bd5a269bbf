import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { roundScore } from '../src/loop/choose-best.ts'
import { decideStart } from '../src/loop/decide.ts'
import {
  makeReplay,
  type RecordedRun,
  type RecordedStep,
  type ReplayableRun,
  type ReplayRule,
  toReplayable,
} from '../src/loop/replay.ts'
import type { LoopRound, LoopState } from '../src/loop/round.ts'
import type { LoopSettings } from '../src/loop/settings.ts'
import { anyNewJob, anyWorld } from './support/loop-arbitrary.ts'
import { settings } from './support/loop-history.ts'
import { type SimulatedRun, simulateRun, type World } from './support/loop-simulator.ts'

const numRuns = 400

const replay = (run: ReplayableRun, rule: ReplayRule) => makeReplay(rule)(run)

/** What a trajectory keeps of a round, by the words of the view that writes it. */
function toStep(round: LoopRound, world: World): RecordedStep {
  const { index, candidate, hasImage, status, critique } = round
  const fate = world.fates[(index * 8 + candidate) % world.fates.length]
  if (fate === undefined) throw new Error('no fate')
  const isLive = status !== 'FAILED' && status !== 'CANCELED'
  const seconds = index > 0 && hasImage ? fate.seconds : null
  const { semantic = null, quality = null, isSatisfied = null } = critique ?? {}
  const tokens = critique && fate.tokens // of the last ask alone
  return [index, candidate, hasImage, isLive, semantic, quality, isSatisfied, refinedOf(round), seconds, tokens]
}

function refinedOf({ critique, prompt }: LoopRound): RecordedStep[7] {
  if (critique === null) return null
  if (critique.errorCode !== null) return -1
  const refined = (critique.refinedPrompt ?? '').trim()
  if (refined === '') return 0
  return refined === prompt.trim() ? 1 : 2
}

function toRecorded({ state, finish }: SimulatedRun, world: World): RecordedRun {
  const rounds = state.rounds.toSorted((a, b) => a.index - b.index || a.candidate - b.candidate)
  const { editorSeconds, thinkerTokens } = state
  const steps = rounds.map(round => toStep(round, world))
  return { steps, stopReason: finish.stopReason, critique: state.settings.critique, editorSeconds, thinkerTokens }
}

function toRule({ maxRounds, select, stop: { deadlineSeconds: _, ...limits } }: LoopSettings): ReplayRule {
  return { maxRounds, select, ...limits }
}

/** What a run came to, in the words of a replay. */
function toOutcome({ state, finish }: SimulatedRun) {
  const best = state.rounds.find(({ id }) => id === finish.bestRoundId) ?? null
  const { editorSeconds, thinkerTokens } = state
  const edits = state.rounds.filter(round => round.index > 0 && round.hasImage).length
  const result = { bestIndex: best?.index ?? null, overall: best && roundScore(best) }
  return { stopReason: finish.stopReason, ...result, edits, editorSeconds, thinkerTokens }
}

describe('a replay', () => {
  it("by a job's own settings stops where the job did, with the same result and costs", () => {
    const reasons = new Set<string>()
    const property = fc.property(anyNewJob, anyWorld, (job, world) => {
      const run = simulateRun(job, decideStart(job), world)
      reasons.add(run.finish.stopReason)
      expect(replay(toReplayable(toRecorded(run, world)), toRule(job.settings))).toEqual(toOutcome(run))
    })
    fc.assert(property, { numRuns })
    expect([...reasons].sort()).toEqual(
      ['BUDGET', 'DEADLINE', 'FAILED', 'MAX_ROUNDS', 'NO_REFINEMENT', 'PATIENCE', 'SATISFIED'].sort(),
    )
  })

  it('by another rule stops where the job would have under that rule, or says that its history is too short', () => {
    const counts = { told: 0, shorter: 0, cutShort: 0 }
    const property = fc.property(anyNewJob, anyNewJob, anyWorld, (given, other, world) => {
      const job = withoutPolish(given)
      const mild = withoutRepeats(world)
      const rule = toRule(other.settings)
      const run = simulateRun(job, decideStart(job), mild)
      // That the deadline would have ended it, had nothing else, is not kept.
      if (run.state.isPastDeadline && run.finish.stopReason !== 'DEADLINE') return
      const replayed = replay(toReplayable(toRecorded(run, mild)), rule)
      const truth = toOutcome(simulateUnder(rule, job, mild))
      if (replayed.stopReason === null) {
        counts.cutShort++
        expect(replayed.edits).toBeLessThanOrEqual(truth.edits)
        expect(replayed.edits).toBe(toOutcome(run).edits)
        return
      }
      counts.told++
      if (replayed.edits < toOutcome(run).edits) counts.shorter++
      // Of a round that the deadline met is not kept whether it had failed before: DEADLINE may hide another reason there.
      const stopReason = replayed.stopReason === 'DEADLINE' ? 'DEADLINE' : truth.stopReason
      expect(replayed).toEqual({ ...truth, stopReason })
    })
    fc.assert(property, { numRuns })
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(numRuns / 40)
  })
})

// No step tells of the tokens of a polish or of a verdict that was asked for again: they count with the last index.
function withoutPolish(job: LoopState): LoopState {
  const { firstRound } = job.settings
  return { ...job, settings: { ...job.settings, firstRound: firstRound === 'POLISH' ? 'DIRECT' : firstRound } }
}

/** Every verdict refines the prompt, so it can be read at once, by any rule. */
function withoutRepeats(world: World): World {
  const fates = world.fates.map((fate, position) => {
    const asks = fate.asks.map(({ refined, semantic, quality, isSatisfied }) => ({
      semantic: semantic !== null && semantic >= 0 && semantic <= 10 ? semantic : null,
      quality: quality !== null && quality >= 0 && quality <= 10 ? quality : null,
      isSatisfied,
      // The source has no prompt that could be the same.
      refined: refined === 'SAME' && position > 0 ? refined : ('NEW' as const),
    }))
    return { ...fate, asks: asks as typeof fate.asks }
  })
  return { ...world, fates }
}

function simulateUnder({ maxRounds, select, ...limits }: ReplayRule, job: LoopState, world: World): SimulatedRun {
  const under = { ...job.settings, maxRounds, select, stop: { ...job.settings.stop, ...limits } }
  const begin = { ...job, settings: under }
  return simulateRun(begin, decideStart(begin), world)
}

const scored = (index: number, semantic: number, quality: number, refined: RecordedStep[7] = 2): RecordedStep => [
  ...([index, 0, index > 0, true, semantic, quality, null, refined] as const),
  ...([index > 0 ? 2 : null, 10] as const),
]
const recorded = (steps: RecordedStep[], changes: Partial<RecordedRun> = {}) =>
  toReplayable({
    steps,
    stopReason: 'MAX_ROUNDS',
    critique: true,
    editorSeconds: 2 * steps.filter(([index]) => index > 0).length,
    thinkerTokens: 10 * steps.length,
    ...changes,
  })
const rule = (changes: Partial<ReplayRule> = {}): ReplayRule => ({ ...toRule(settings()), ...changes })

describe('a stored run', () => {
  const climbing = recorded([scored(1, 4, 4), scored(2, 7, 7), scored(3, 6, 6), scored(4, 9, 9)], {
    stopReason: 'SATISFIED',
  })

  it('ends sooner by a lower threshold, fewer rounds, patience or a budget', () => {
    const costs = { edits: 2, editorSeconds: 4, thinkerTokens: 20 }
    const seven = { bestIndex: 2, overall: 7 }
    expect(replay(climbing, rule({ semanticAtLeast: 7, qualityAtLeast: 6 }))).toEqual({
      ...{ stopReason: 'SATISFIED', ...seven, ...costs },
    })
    expect(replay(climbing, rule({ maxRounds: 2 }))).toEqual({ stopReason: 'MAX_ROUNDS', ...seven, ...costs })
    expect(replay(climbing, rule({ patience: 1 }))).toMatchObject({ stopReason: 'PATIENCE', ...seven, edits: 3 })
    expect(replay(climbing, rule({ maxEditorSeconds: 3 }))).toMatchObject({ stopReason: 'BUDGET', ...seven, ...costs })
    expect(replay(climbing, rule({ maxThinkerTokens: 30 }))).toMatchObject({ stopReason: 'BUDGET', edits: 3 })
  })

  it('gives the last picture where that is chosen', () => {
    const last = rule({ select: 'LAST', maxRounds: 3 })
    expect(replay(climbing, last)).toMatchObject({ stopReason: 'MAX_ROUNDS', bestIndex: 3, overall: 6 })
  })

  it('is cut short where the rule would have gone on, and counts with what it had', () => {
    const strict = rule({ semanticAtLeast: 9.5, maxRounds: 8 })
    expect(replay(climbing, strict)).toEqual({
      ...{ stopReason: null, bestIndex: 4, overall: 9, edits: 4, editorSeconds: 8, thinkerTokens: 40 },
    })
  })

  it('that judged its source first has that as its result where it satisfies, and edits from there otherwise', () => {
    const run = recorded([scored(0, 7, 7), scored(1, 9, 9)], { stopReason: 'SATISFIED' })
    const loose = rule({ semanticAtLeast: 7, qualityAtLeast: 7 })
    expect(replay(run, loose)).toMatchObject({ stopReason: 'SATISFIED', bestIndex: 0, overall: 7, edits: 0 })
    expect(replay(run, rule())).toMatchObject({ stopReason: 'SATISFIED', bestIndex: 1, overall: 9, edits: 1 })
  })

  it('goes on past an index of which one candidate failed, and past a verdict that could not be read', () => {
    const failed: RecordedStep = [1, 0, false, false, null, null, null, null, null, null]
    const better: RecordedStep = [1, 1, true, true, 5, 5, null, 2, 2, 10]
    const unread: RecordedStep = [2, 0, true, true, null, null, null, -1, 2, 10]
    const run = recorded([failed, better, unread, scored(3, 6, 6)])
    expect(replay(run, rule({ maxRounds: 3 }))).toMatchObject({ stopReason: 'MAX_ROUNDS', bestIndex: 3, edits: 3 })
    const loose = rule({ semanticAtLeast: 5, qualityAtLeast: 5 })
    expect(replay(run, loose)).toMatchObject({ stopReason: 'SATISFIED', bestIndex: 1, overall: 5, edits: 1 })
  })

  it('stays without a refinement where its critic had none, unless the rule is satisfied there', () => {
    const run = recorded([scored(1, 5, 5, 1)], { stopReason: 'NO_REFINEMENT' })
    expect(replay(run, rule())).toMatchObject({ stopReason: 'NO_REFINEMENT', overall: 5 })
    const loose = rule({ semanticAtLeast: 5, qualityAtLeast: 5 })
    expect(replay(run, loose)).toMatchObject({ stopReason: 'SATISFIED', overall: 5 })
  })

  it('that was canceled, failed or met its deadline stays so, unless the rule ends it before', () => {
    const open: RecordedStep = [2, 0, false, false, null, null, null, null, null, null]
    for (const stopReason of ['CANCELED', 'FAILED', 'DEADLINE'] as const) {
      const run = recorded([scored(1, 5, 5), open], { stopReason, editorSeconds: 2, thinkerTokens: 10 })
      expect(replay(run, rule())).toMatchObject({ stopReason, bestIndex: 1, overall: 5, edits: 1 })
      expect(replay(run, rule({ maxRounds: 1 }))).toMatchObject({ stopReason: 'MAX_ROUNDS', overall: 5 })
      const none = recorded([], { stopReason, editorSeconds: 0, thinkerTokens: 7 })
      const nothing = { bestIndex: null, overall: null, edits: 0, thinkerTokens: 7 }
      expect(replay(none, rule())).toMatchObject({ stopReason, ...nothing })
    }
  })

  it('without a thinker ends with its one round whatever the rule', () => {
    const plain: RecordedStep = [1, 0, true, true, null, null, null, null, 2, null]
    const run = recorded([plain], { critique: false, thinkerTokens: 0 })
    expect(replay(run, rule({ maxRounds: 9 }))).toMatchObject({ stopReason: 'MAX_ROUNDS', bestIndex: 1, overall: null })
  })
})
