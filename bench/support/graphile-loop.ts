// The peer of bench/rounds.ts and bench/start-latency.ts: the loop as one would first write it on graphile-worker, a task a
// stage, one transaction for a stage's result and the next stage. No lease, fence, event log, fair turn or deadline.

import { Logger, type Runner, run, runMigrations } from 'graphile-worker'
import type pg from 'pg'
import type { Db } from '../../src/db.ts'

/** One stage to do. */
type PeerStage = { jobId: string; round: number }

/** `edit` makes and stores a picture and gives its id; `think` judges it. */
type PeerStages = { edit(stage: PeerStage): Promise<string>; think(stage: PeerStage): Promise<void> }

const silent = new Logger(() => () => {})

/** Makes its tables, beside ours. */
export async function createPeerTables(db: Db): Promise<void> {
  await runMigrations({ pgPool: db.pool, logger: silent })
  await db.query(`
    create table if not exists peer_round (
      job_id uuid, round int, image_id uuid not null, semantic float8, quality float8, reasoning text, prompt text,
      primary key (job_id, round))`)
}

/** Queues the first edit of each job. */
export async function submitPeerJobs(db: Db, jobIds: readonly string[]): Promise<void> {
  await db.query(
    `select graphile_worker.add_job('edit', json_build_object('jobId', id, 'round', 1))
     from unnest($1::uuid[]) as id`,
    [jobIds],
  )
}

/** Works on them, `concurrency` stages at once; `onEnd` hears of each job's last stage. */
export async function runPeer(
  db: Db,
  options: { stages: PeerStages; rounds: number; concurrency: number; onEnd: () => void },
): Promise<Runner> {
  const { stages, rounds, concurrency, onEnd } = options

  async function record(client: pg.PoolClient, write: string, values: unknown[], next: [string, PeerStage] | null) {
    await client.query('begin')
    await client.query(write, values)
    if (next) await client.query('select graphile_worker.add_job($1, $2::json)', [next[0], JSON.stringify(next[1])])
    await client.query('commit')
  }

  return await run({
    pgPool: db.pool,
    logger: silent,
    concurrency,
    noHandleSignals: true,
    noPreparedStatements: false,
    pollInterval: 1_000,
    taskList: {
      edit: async (payload, { withPgClient }) => {
        const stage = payload as PeerStage // of submitPeerJobs
        const imageId = await stages.edit(stage)
        await withPgClient(client =>
          record(
            client,
            'insert into peer_round (job_id, round, image_id) values ($1, $2, $3)',
            [stage.jobId, stage.round, imageId],
            ['think', stage],
          ),
        )
      },
      think: async (payload, { withPgClient }) => {
        const stage = payload as PeerStage // of our own edit
        await stages.think(stage)
        const isLast = stage.round === rounds
        await withPgClient(client =>
          record(
            client,
            `update peer_round set semantic = 5, quality = 6, reasoning = 'The sky is still grey.', prompt = 'bluer'
             where job_id = $1 and round = $2`,
            [stage.jobId, stage.round],
            isLast ? null : ['edit', { ...stage, round: stage.round + 1 }],
          ),
        )
        if (isLast) onEnd()
      },
    },
  })
}
