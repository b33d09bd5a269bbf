// Drives the loop's decisions as the workers would, with made-up engines: tasks complete in any order, edits and critiques
// fail, verdicts are nonsense, and the deadline may fall between any two completions.

import type { FinishDecision } from '../../src/loop/decide.ts'
import { type Decision, decideAfterPolish, decideDeadline, decideFailure, decideNext } from '../../src/loop/decide.ts'
import type { RetryDecision } from '../../src/loop/retry.ts'
import type { LoopCritique, LoopRound, LoopState, LoopVerdict } from '../../src/loop/round.ts'
import { isUnreadable } from '../../src/loop/satisfied.ts'
import { unreadable } from './loop-history.ts'

/** One answer of a thinker; `refined` is made into text by what the round's prompt was. */
export type Ask = Omit<LoopVerdict, 'refinedPrompt'> & { refined: 'SAME' | 'NEW' | 'EMPTY' | 'NONE' }

/** What becomes of one round: its edit, and its critique (asked up to three times). */
export type Fate = { isEdited: boolean; isJudged: boolean; seconds: number; tokens: number; asks: [Ask, Ask, Ask] }

/** The engines of one simulated run; lists are used round robin. `deadlineAfter`: completions before it; null: never. */
export type World = {
  polish: { isAlive: boolean; text: string | null }
  fates: Fate[]
  order: number[]
  deadlineAfter: number | null
  /** Whether a task still open at the deadline gives its result all the same. */
  finishesLate: boolean[]
}

/** `planned`: each index with what had been spent when it was planned. `extra`: decisions of a redelivered completion. */
export type SimulatedRun = {
  state: LoopState
  finish: FinishDecision
  planned: { index: number; candidates: number; editorSeconds: number; thinkerTokens: number }[]
  extra: Decision[]
  completions: number
}

type Task = { stage: 'POLISH' } | { stage: 'EDIT' | 'THINK'; round: LoopRound }

/** Carries out `first` and all that follows from it, until the run ends. Throws where it does not within `maxCompletions`. */
export function simulateRun(begin: LoopState, first: RetryDecision, world: World, maxCompletions = 1000): SimulatedRun {
  const state = structuredClone(begin)
  const tasks: Task[] = []
  const run: Omit<SimulatedRun, 'finish'> = { state, planned: [], extra: [], completions: 0 }
  let finish = carryOut(run, tasks, first)
  while (finish === null) {
    if (run.completions === world.deadlineAfter) return { ...run, finish: endAtDeadline(run, tasks, world) }
    if (run.completions >= maxCompletions) throw new Error('the loop does not end')
    const position = pick(world.order, run.completions) % tasks.length
    const [task] = tasks.splice(position, 1)
    if (task === undefined) throw new Error('the loop waits for nothing')
    run.completions++
    const decision = complete(state, tasks, task, world)
    finish = carryOut(run, tasks, decision)
    if (decision.type === 'edit') run.extra.push(decideNext(state))
  }
  return { ...run, finish }
}

function carryOut(run: Omit<SimulatedRun, 'finish'>, tasks: Task[], decision: RetryDecision): FinishDecision | null {
  const { state } = run
  switch (decision.type) {
    case 'finish':
      return decision
    case 'wait':
      return null
    case 'polish':
      tasks.push({ stage: 'POLISH' })
      return null
    case 'critiqueSource': {
      const round = makeRound(0, { candidate: 0, prompt: '', promptSource: 'INSTRUCTION', seed: null, parentId: null })
      state.rounds.push({ ...round, status: 'EDITED' })
      tasks.push({ stage: 'THINK', round: latest(state) })
      return null
    }
    case 'edit': {
      const { editorSeconds, thinkerTokens } = state
      run.planned.push({ index: decision.index, candidates: decision.rounds.length, editorSeconds, thinkerTokens })
      for (const planned of decision.rounds) {
        state.rounds.push(makeRound(decision.index, planned))
        tasks.push({ stage: 'EDIT', round: latest(state) })
      }
      return null
    }
    case 'reset': {
      for (const { roundId, stage } of decision.rounds) {
        const round = state.rounds.find(({ id }) => id === roundId)
        if (round === undefined) throw new Error(`no round ${roundId}`)
        round.status = 'PENDING'
        tasks.push({ stage, round })
      }
      return null
    }
    default:
      return decision satisfies never
  }
}

function complete(state: LoopState, tasks: Task[], task: Task, world: World): Decision {
  if (task.stage === 'POLISH') {
    if (!world.polish.isAlive) return decideFailure(state)
    state.thinkerTokens += 10
    return decideAfterPolish(state, world.polish.text)
  }
  const { round } = task
  const fate = pick(world.fates, round.index * 8 + round.candidate)
  if (task.stage === 'EDIT') {
    if (fate.isEdited) state.editorSeconds += fate.seconds
    round.status = fate.isEdited ? 'EDITED' : 'FAILED'
    round.hasImage = fate.isEdited
    if (fate.isEdited && state.settings.critique) tasks.push({ stage: 'THINK', round })
  } else if (fate.isJudged) {
    const { critique, asks } = judge(state, round, fate)
    state.thinkerTokens += asks * fate.tokens
    round.status = 'CRITIQUED'
    round.critique = critique
  } else round.status = 'FAILED'
  return decideNext(state)
}

function judge({ settings }: LoopState, round: LoopRound, fate: Fate): { critique: LoopCritique; asks: number } {
  for (const [position, { refined, ...rest }] of fate.asks.entries()) {
    const texts = { SAME: `${round.prompt} `, NEW: `refined ${round.id}`, EMPTY: ' ', NONE: null }
    const verdict: LoopVerdict = { ...rest, refinedPrompt: texts[refined] }
    if (!isUnreadable(settings.stop, verdict)) return { critique: { ...verdict, errorCode: null }, asks: position + 1 }
  }
  return { critique: unreadable, asks: fate.asks.length }
}

// Open tasks are given up or return late; a late picture is kept and nothing is planned from it.
function endAtDeadline(run: Omit<SimulatedRun, 'finish'>, tasks: Task[], world: World): FinishDecision {
  const { state } = run
  state.isPastDeadline = true
  for (const [position, task] of tasks.splice(0).entries()) {
    if (pick(world.finishesLate, position) && task.stage !== 'POLISH') complete(state, [], task, world)
  }
  for (const round of state.rounds) if (round.status === 'PENDING') round.status = 'CANCELED'
  return decideDeadline(state)
}

function makeRound(
  index: number,
  planned: Pick<LoopRound, 'candidate' | 'prompt' | 'promptSource' | 'seed' | 'parentId'>,
) {
  const { candidate, prompt, promptSource, seed, parentId } = planned
  const open = { status: 'PENDING' as const, hasImage: false, critique: null }
  return { id: `${index}.${candidate}`, index, candidate, prompt, promptSource, seed, parentId, ...open }
}

function latest({ rounds }: LoopState): LoopRound {
  const round = rounds.at(-1)
  if (round === undefined) throw new Error('no round')
  return round
}

function pick<T>(list: T[], position: number): T {
  const item = list[position % list.length]
  if (item === undefined) throw new Error('an empty list in the simulated world')
  return item
}
