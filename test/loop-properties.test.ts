import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decideDeadline, decideNext, decideStart } from '../src/loop/decide.ts'
import { decideRetry } from '../src/loop/retry.ts'
import type { LoopRound, LoopState } from '../src/loop/round.ts'
import { anyNewJob, anyWorld, healed } from './support/loop-arbitrary.ts'
import { type SimulatedRun, simulateRun, type World } from './support/loop-simulator.ts'

const numRuns = 300

/** Checks a sentence over finished runs of random jobs in random worlds. */
function holds(check: (run: SimulatedRun, job: LoopState, world: World) => void) {
  const property = fc.property(anyNewJob, anyWorld, (job, world) => {
    check(simulateRun(job, decideStart(job), world), job, world)
  })
  fc.assert(property, { numRuns })
}

// Written anew from the words of the design, not from the code under test.
const scoreOf = ({ critique }: LoopRound) =>
  critique === null || critique.semantic === null || critique.quality === null
    ? null
    : Math.sqrt(critique.semantic * critique.quality)
const meets = ({ settings: { stop } }: LoopState, { critique, prompt }: LoopRound): boolean => {
  if (critique === null) return false
  const { semantic, quality, isSatisfied, refinedPrompt } = critique
  if (semantic !== null && quality !== null) return semantic >= stop.semanticAtLeast && quality >= stop.qualityAtLeast
  return isSatisfied ?? refinedPrompt?.trim() === prompt.trim()
}
const edited = ({ rounds }: LoopState) => rounds.filter(round => round.index > 0 && round.hasImage)

it('a run ends after at most one edit and one critique a round', () => {
  holds(({ completions, planned }) => {
    const rounds = planned.reduce((sum, { candidates }) => sum + candidates, 0)
    expect(completions).toBeLessThanOrEqual(1 + 2 * rounds)
  })
})

it('a run never exceeds its rounds and candidates', () => {
  holds(({ state, planned }, { settings }) => {
    expect(planned.map(({ index }) => index)).toEqual(planned.map((_, position) => position + 1))
    expect(planned.length).toBeLessThanOrEqual(settings.critique ? settings.maxRounds : 1)
    for (const { candidates } of planned) expect(candidates).toBe(settings.candidates)
    expect(new Set(state.rounds.map(({ id }) => id)).size).toBe(state.rounds.length)
  })
})

it('a run plans no index once its budget is spent, so it overshoots by one index at most', () => {
  holds(({ planned }, { settings: { stop } }) => {
    for (const spent of planned) {
      expect(spent.editorSeconds).toBeLessThan(stop.maxEditorSeconds ?? Number.POSITIVE_INFINITY)
      expect(spent.thinkerTokens).toBeLessThan(stop.maxThinkerTokens ?? Number.POSITIVE_INFINITY)
    }
  })
})

it('an index is decided once: a completion delivered again decides nothing', () => {
  holds(({ extra }) => {
    for (const decision of extra) expect(decision).toEqual({ type: 'wait' })
  })
})

it('the result is the argmax of what was made', () => {
  holds(({ state, finish }) => {
    const best = state.rounds.find(({ id }) => id === finish.bestRoundId)
    const source = state.rounds.find(round => round.index === 0 && meets(state, round))
    let pictures = source ? [source, ...edited(state)] : edited(state)
    if (state.settings.select === 'LAST') {
      const lastIndex = Math.max(...pictures.map(({ index }) => index))
      pictures = pictures.filter(({ index }) => index === lastIndex)
    }
    if (best === undefined) return expect(pictures).toEqual([])
    expect(pictures).toContain(best)
    const scores = pictures.map(scoreOf).filter(score => score !== null)
    if (scores.length > 0) {
      const highest = pictures.filter(round => scoreOf(round) === Math.max(...scores))
      expect(best.index).toBe(Math.min(...highest.map(({ index }) => index)))
      expect(scoreOf(best)).toBe(Math.max(...scores))
    } else {
      const satisfied = pictures.filter(round => meets(state, round))
      const first = satisfied.length > 0 ? satisfied : pictures
      expect(first).toContain(best)
      expect(best.index).toBe(Math.max(...first.map(({ index }) => index)))
    }
  })
})

it('a run ends as SATISFIED exactly where a round of its last index is satisfied', () => {
  holds(({ state, finish }) => {
    const lastIndex = Math.max(...state.rounds.map(({ index }) => index))
    const satisfied = state.rounds.filter(round => meets(state, round))
    expect(finish.stopReason === 'SATISFIED').toBe(satisfied.length > 0)
    for (const round of satisfied) expect(round.index).toBe(lastIndex)
  })
})

it('a verdict that could not be read never ends a run as SATISFIED or NO_REFINEMENT', () => {
  const property = fc.property(anyNewJob, anyWorld, (job, world) => {
    const mute = { semantic: null, quality: Number.NaN, isSatisfied: true, refined: 'SAME' as const }
    const fates = world.fates.map(fate => ({
      ...fate,
      asks: [mute, mute, mute] as [typeof mute, typeof mute, typeof mute],
    }))
    const { finish, state } = simulateRun(job, decideStart(job), { ...world, fates })
    expect(['BUDGET', 'DEADLINE', 'MAX_ROUNDS', 'FAILED']).toContain(finish.stopReason)
    if (finish.stopReason === 'MAX_ROUNDS' && job.settings.critique)
      expect(Math.max(...state.rounds.map(({ index }) => index))).toBe(job.settings.maxRounds)
  })
  fc.assert(property, { numRuns })
})

it('a run succeeds exactly where it has a result and did not fail', () => {
  holds(({ state, finish }) => {
    if (finish.status === 'SUCCEEDED') expect(finish.bestRoundId).not.toBeNull()
    if (['SATISFIED', 'NO_REFINEMENT', 'PATIENCE', 'MAX_ROUNDS'].includes(finish.stopReason))
      expect(finish.status).toBe('SUCCEEDED')
    if (finish.stopReason === 'FAILED') expect(finish.status).toBe('FAILED')
    if (finish.stopReason === 'BUDGET' || finish.stopReason === 'DEADLINE')
      expect(finish.status).toBe(edited(state).length > 0 ? 'SUCCEEDED' : 'FAILED')
  })
})

it('no seed is used twice in a job', () => {
  holds(({ state }, { settings, baseSeed }) => {
    const seeds = state.rounds.filter(({ index }) => index > 0).map(({ seed }) => seed)
    expect(new Set(seeds).size).toBe(seeds.length)
    if (seeds.length > 0) expect(seeds[0]).toBe(settings.seed ?? baseSeed)
  })
})

it('a round comes from a judged round of the index before, its prompt from there too', () => {
  holds(({ state }) => {
    for (const round of state.rounds) {
      expect(round.index === 0 || round.prompt.trim() !== '').toBe(true)
      if (round.index < 2) continue
      const parent = state.rounds.find(({ id }) => id === round.parentId)
      expect(parent).toMatchObject({ index: round.index - 1, status: 'CRITIQUED' })
      if (round.promptSource === 'REFINED' && parent?.critique?.refinedPrompt)
        expect(round.prompt).toBe(parent.critique.refinedPrompt.trim())
      else expect(round.prompt).toBe(parent?.prompt)
    }
  })
})

it('the same job in the same world goes the same way', () => {
  holds((run, job, world) => {
    expect(simulateRun(job, decideStart(job), world)).toEqual(run)
  })
})

it('a decision changes nothing of what it is given', () => {
  holds(({ state }) => {
    const before = structuredClone(state)
    for (const decide of [decideStart, decideNext, decideDeadline, decideRetry]) decide(state)
    expect(state).toEqual(before)
  })
})

it('the order in which rounds are read does not matter', () => {
  holds(({ state }) => {
    const reversed = { ...state, rounds: state.rounds.toReversed() }
    expect(decideNext(reversed)).toEqual(decideNext(state))
    expect(decideDeadline(reversed)).toEqual(decideDeadline(state))
    expect(decideRetry(reversed)).toEqual(decideRetry(state))
  })
})

it('a failed run that is retried on healthy engines succeeds, loses no round and repeats none', () => {
  let retries = 0
  holds(({ state, finish }, job, world) => {
    if (finish.status !== 'FAILED') return
    retries++
    const kept = state.rounds.filter(({ status }) => status === 'CRITIQUED')
    const again = { ...state, editorSeconds: 0, thinkerTokens: 0, isPastDeadline: false }
    const calm = { ...job.settings, stop: { ...job.settings.stop, maxEditorSeconds: null, maxThinkerTokens: null } }
    const next = { ...again, settings: calm }
    const run = simulateRun(next, decideRetry(next), healed(world))
    expect(run.finish.status).toBe('SUCCEEDED')
    expect(run.state.rounds).toEqual(expect.arrayContaining(kept))
    expect(new Set(run.state.rounds.map(({ id }) => id)).size).toBe(run.state.rounds.length)
  })
  expect(retries).toBeGreaterThan(numRuns / 20)
})
