// Every process of the house is killed with -9 again and again while it works. What must come out is what would have come
// out without: each round once, each log without a gap, and no long wait.

import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ChaosHouse, type Kill, type Kind, openChaosHouse } from './support/chaos-house.ts'
import { noisePng } from './support/pictures.ts'
import { seededRandom, shuffle } from './support/seeded-random.ts'
import { until } from './support/until.ts'

const JOBS = 50
/** One more comes with each kill, the rest at the end: never more at once than one worker alone has slots for. */
const FIRST_JOBS = 8
/** More than the kills leave time for: the thinkers end it. */
const MAX_ROUNDS = 20
const KILLS_OF_EACH = 5
const RECOVERY_SECONDS = 15
const LIMIT_MS = 600_000
const seed = Number(process.env.CHAOS_SEED ?? (process.env.CI ? 20_261_124 : randomInt(2 ** 31 - 1)))

let house: ChaosHouse
beforeAll(async () => {
  house = await openChaosHouse(seed)
}, 180_000)
afterAll(() => house.close(), 60_000)

test(`a house whose processes are killed 15 times loses and doubles nothing (CHAOS_SEED=${seed})`, {
  timeout: LIMIT_MS,
}, async () => {
  const random = seededRandom(seed)
  await house.recovered()
  const sourceId = await house.api.upload(new Uint8Array(await noisePng()))
  const submitted: Promise<string>[] = []
  const submit = (count: number) => {
    for (let i = 0; i < count && submitted.length < JOBS; i++) {
      const key = `edit ${submitted.length}`
      const job = house.api.startEdit({ sourceId, instruction: key, idempotencyKey: key, maxRounds: MAX_ROUNDS })
      job.catch(() => {}) // told when all are awaited
      submitted.push(job)
    }
  }

  submit(FIRST_JOBS)
  await Promise.all(submitted)
  const kinds: Kind[] = shuffle(random, ['worker', 'api', 'postgres'] as const).flatMap(kind =>
    Array<Kind>(KILLS_OF_EACH).fill(kind),
  )
  const kills: Kill[] = []
  for (const kind of shuffle(random, kinds)) {
    // A server that is down at its client's start, or a second fault before the first is mended, is another story.
    await house.recovered()
    await sleep(random() * 1_500)
    kills.push(await house.kill(kind))
    submit(1) // while it is down
  }
  expect(kills.map(({ leased }) => leased).every(leased => leased > 0)).toBe(true)
  await house.recovered()
  await expectQuickRecovery(kills.filter(({ kind }) => kind === 'worker'))
  await expectSleeperChangesNothing()

  await house.fleet.hurry()
  submit(JOBS)
  expect(new Set(await Promise.all(submitted)).size).toBe(JOBS)
  await until('every job finishes', async () => (await countJobs('finished_at is null')) === 0, 120_000)
  expect(await findUnhappyJobs()).toEqual([])
  expect(await countJobs('true')).toBe(JOBS)
  await expectEveryRoundOnce()
  await expectGaplessLogs()
})

async function countJobs(condition: string): Promise<number> {
  const [row] = await house.ask<{ jobs: number }>(`select count(*) as jobs from job where ${condition}`)
  return row?.jobs ?? Number.NaN
}

/** Jobs that ended in another way than the thinkers would have it, with what became of their tasks. */
async function findUnhappyJobs(): Promise<unknown[]> {
  return house.ask(
    `select j.status, j.stop_reason, j.error_code, j.error_message,
       (select string_agg(concat_ws(' ', t.stage, t.round_index, t.state, a.token, a.outcome, a.error_code, a.started_at::time, a.ended_at::time), '; ' order by a.started_at)
        from task t join attempt a on a.task_id = t.id where t.job_id = j.id and t.state <> 'DONE') as attempts
     from job j where j.status <> 'SUCCEEDED' or j.stop_reason not in ('SATISFIED', 'MAX_ROUNDS')`,
  )
}

async function expectEveryRoundOnce(): Promise<void> {
  const rows = await house.ask<{ rounds: string[] }>(
    `select array_agg(r.index || '/' || r.candidate || ' ' || r.status || ', ' || (r.image_id is not null)::text || ', ' ||
       (select count(*) from critique c where c.round_id = r.id) order by r.index) as rounds
     from round r group by r.job_id`,
  )
  expect(rows).toHaveLength(JOBS)
  for (const { rounds } of rows) expect(rounds).toEqual(rounds.map((_, i) => `${i + 1}/0 CRITIQUED, true, 1`))
}

async function expectGaplessLogs(): Promise<void> {
  const rows = await house.ask<{ seqs: number[]; last: number; rounds: number; types: string[] }>(
    `select array_agg(e.seq::int order by e.seq) as seqs, j.event_seq::int as last,
       (select count(*)::int from round r where r.job_id = j.id) as rounds,
       array_agg(e.type::text order by e.seq) filter (where e.type <> 'STAGE_RETRYING') as types
     from job j join job_event e on e.job_id = j.id group by j.id`,
  )
  expect(rows).toHaveLength(JOBS)
  for (const { seqs, last, rounds, types } of rows) {
    expect(seqs).toEqual(Array.from({ length: last }, (_, i) => i + 1))
    const ofRounds = Array<string[]>(rounds).fill(['ROUND_STARTED', 'ROUND_EDITED', 'ROUND_CRITIQUED'])
    expect(types).toEqual(['JOB_QUEUED', 'JOB_STARTED', ...ofRounds.flat(), 'JOB_FINISHED'])
  }
}

/** From each kill of a worker to the next claim of each task it held; there is always a free slot for it. */
async function expectQuickRecovery(kills: Kill[]): Promise<void> {
  const seconds: number[] = []
  for (const { workerId, at } of kills) {
    const rows = await house.ask<{ seconds: number }>(
      `select extract(epoch from next.started_at - $2::timestamptz)::float8 as seconds
       from attempt lost left join attempt next on next.task_id = lost.task_id and next.token = lost.token + 1
       where lost.worker_id = $1 and lost.outcome = 'CRASHED'`,
      [workerId, at],
    )
    seconds.push(...rows.map(row => row.seconds))
  }
  process.stdout.write(`kill to second claim, seconds: ${seconds.map(s => s?.toFixed(1)).join(' ')}\n`)
  expect(seconds.length).toBeGreaterThanOrEqual(KILLS_OF_EACH)
  expect(Math.max(...seconds)).toBeLessThanOrEqual(RECOVERY_SECONDS)
}

async function expectSleeperChangesNothing(): Promise<void> {
  const { workerId, process: sleeper, taskIds } = await house.findBusyWorker()
  sleeper.child.kill('SIGSTOP')
  try {
    const left = async () =>
      house.ask(`select 1 from task where id = any($1::uuid[]) and (owner = $2 or state <> 'DONE')`, [
        taskIds,
        workerId,
      ])
    // What it had ended in the moment before the signal is its own.
    await until(
      'others have done its tasks',
      async () => {
        const mine = await house.ask<{ id: string }>(
          `select task_id as id from attempt where worker_id = $1 and outcome = 'DONE' and task_id = any($2::uuid[])`,
          [workerId, taskIds],
        )
        for (const { id } of mine) taskIds.splice(taskIds.indexOf(id), 1)
        return (await left()).length === 0
      },
      60_000,
    )
    expect(taskIds.length).toBeGreaterThan(0)
    const before = await readWork(taskIds)
    const stillSince = new Date()
    sleeper.child.kill('SIGCONT')
    await until(
      'it beats again',
      async () =>
        (await house.ask('select 1 from worker where id = $1 and last_seen_at > $2', [workerId, stillSince])).length >
        0,
      30_000,
    )
    await until('it holds none of them', async () => sleeper.stderr().includes('heartbeats get through again'))
    expect(await readWork(taskIds)).toEqual(before)
  } finally {
    sleeper.child.kill('SIGCONT')
  }
}

/** All that these stages have written. */
async function readWork(taskIds: string[]): Promise<unknown[]> {
  return house.ask(
    `select t.id, t.state, t.owner, t.token, t.ended_at, t.failures, t.crashes, r.image_id, r.edited_at, r.editor_seconds,
       (select jsonb_agg(to_jsonb(a) order by a.token) from attempt a where a.task_id = t.id) as attempts,
       (select jsonb_agg(to_jsonb(c) order by c.id) from critique c where c.round_id = r.id and t.stage = 'THINK') as critiques,
       (select count(*) from job_event e where e.round_id = r.id
         and e.type = (case t.stage when 'EDIT' then 'ROUND_EDITED' else 'ROUND_CRITIQUED' end)::job_event_type) as events
     from task t join round r on r.id = t.round_id where t.id = any($1::uuid[]) order by t.id`,
    [taskIds],
  )
}
