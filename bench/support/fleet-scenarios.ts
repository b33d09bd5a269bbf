import { seededRandom } from '../../test/support/seeded-random.ts'
import type { TimedFleetOptions } from '../../test/support/timed-fleet-process.ts'
import type { PlannedJob } from './fleet-run.ts'
import { editSeconds } from './model-times.ts'

/** One fleet and what it is given to do. `target`: what the house means to reach; null: what is compared is the latency. */
export type Scenario = {
  title: string
  servers: TimedFleetOptions
  workers: number
  thinkerSlots: number
  jobs: readonly PlannedJob[]
  target: number | null
  hasBaseline: boolean
}

const servers: TimedFleetOptions = {
  ...{ editors: 8, thinkers: 1, editMeanSeconds: 1, editCv: 0.5, thinkSeconds: 0.5 },
  ...{ busyShare: 0, hungEditors: 0, sizePx: 64 },
}
const eight = { servers, workers: 1, thinkerSlots: 32, target: 0.95, hasBaseline: false }
const many = {
  ...{ servers: { ...servers, editors: 128, thinkers: 4, editMeanSeconds: 2 }, workers: 4, thinkerSlots: 32 },
  ...{ target: 0.9, hasBaseline: false },
}

/** `count` jobs of 1 to 4 rounds, all there from the start. */
function makeBatch(count: number): PlannedJob[] {
  const random = seededRandom(7)
  return Array.from({ length: count }, () => ({ rounds: 1 + Math.floor(random() * 4), atSecond: 0 }))
}

/** The same, one after the other at random moments, so many a second. */
function makeArrivals(count: number, perSecond: number): PlannedJob[] {
  const random = seededRandom(11)
  let atSecond = 0
  return makeBatch(count).map(job => {
    atSecond -= Math.log(1 - random()) / perSecond
    return { ...job, atSecond }
  })
}

/** Every scenario by its name, in the order in which they run. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  batch: { ...eight, title: '8 editors at 1 s, 200 jobs', jobs: makeBatch(200), hasBaseline: true },
  busy: {
    ...{ ...eight, title: 'the same, 10% of calls answer 503', jobs: makeBatch(200), target: 0.85 },
    servers: { ...servers, busyShare: 0.1 },
  },
  hung: {
    ...{ ...eight, title: 'the same, one editor hangs', jobs: makeBatch(200), target: null },
    servers: { ...servers, hungEditors: 1 },
  },
  // 2.5 rounds of 1 s a job on average: 2.88 a second are 0.9 of what eight editors can do.
  steady: {
    ...{ ...eight, title: 'the same, jobs arrive at load 0.9', jobs: makeArrivals(400, 2.88) },
    ...{ target: null, hasBaseline: true },
  },
  // Three minutes: what is measured is how full the editors are kept, not how the last jobs run out.
  many: { ...many, title: '128 editors at 2 s, 4 workers, 64 px', jobs: makeBatch(4_800) },
  large: {
    ...{ ...many, title: 'the same with 512 px', jobs: makeBatch(2_400), target: null },
    servers: { ...many.servers, sizePx: 512 },
  },
}

/** Seconds instead of minutes: shows that nothing is lost or doubled, and nothing about speed. */
export const smallScenario: Scenario = {
  ...{ ...eight, title: '3 editors at 0.05 s, 24 jobs, 2 workers', jobs: makeBatch(24), workers: 2, target: null },
  servers: { ...servers, editors: 3, thinkers: 2, editMeanSeconds: 0.05, thinkSeconds: 0.02, busyShare: 0.1 },
}

/** Seconds below which no schedule can get: all edits over all editors that work, all thoughts over all slots. */
export function findBound({ servers, thinkerSlots, jobs }: Scenario): number {
  const spread = { mean: servers.editMeanSeconds, cv: servers.editCv }
  const rounds = jobs.flatMap((job, number) =>
    Array.from({ length: job.rounds }, (_, index) => editSeconds({ job: number, round: index + 1 }, spread)),
  )
  const edits = rounds.reduce((sum, seconds) => sum + seconds, 0) / (servers.editors - servers.hungEditors)
  const thoughts = (rounds.length * servers.thinkSeconds) / (servers.thinkers * thinkerSlots)
  return Math.max(edits, thoughts)
}
