// Weaknesses of the paper's own script that lie in its storage, its retries and its endpoint pool, each shown to be absent
// from ours over real HTTP engines. (Those of the loop itself: loop-defects.test.ts.)

import { v7 } from 'uuid'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { storePicture } from '../src/images/store-image.ts'
import { reapTasks } from '../src/jobs/reap-tasks.ts'
import { retryJob } from '../src/jobs/retry-job.ts'
import { startStage } from '../src/jobs/start-stage.ts'
import { claimTasks } from '../src/queue/claim-tasks.ts'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noisePng } from './support/pictures.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let servers: { close(): Promise<void> }[]

beforeEach(async () => {
  setup = await openWorkers()
  servers = []
})
afterEach(async () => {
  await setup.close()
  await Promise.all(servers.map(server => server.close()))
})

async function fakeEditors(count: number, options: Parameters<typeof startFakeEditor>[0] = {}): Promise<FakeEditor[]> {
  const editors = await Promise.all(Array.from({ length: count }, () => startFakeEditor(options)))
  servers.push(...editors)
  return editors
}

async function fakeThinker(say?: (call: number) => string): Promise<FakeThinker> {
  const thinker = await startFakeThinker(say ? { say: (_, call) => say(call) } : {})
  servers.push(thinker)
  return thinker
}

function says(score: number, refined: string): string {
  return JSON.stringify({ reason: `worth ${score}`, semantic: score, quality: score, new_rewritten_prompt: refined })
}

async function critiquesOf(jobId: string) {
  const { rows } = await setup.images.db.query(
    `select r.index, c.semantic, c.quality, c.overall, c.reasoning, c.refined_prompt as "refinedPrompt"
     from critique c join round r on r.id = c.round_id where r.job_id = $1 order by r.index`,
    [jobId],
  )
  return rows
}

describe('the scores of every round are kept', () => {
  test('each judged round has what the thinker said, and keeps it over a retry', async () => {
    const { db } = setup.images
    const [editor] = await fakeEditors(1)
    if (!editor) return
    const thinker = await fakeThinker(call => says(3 + call, `prompt ${call}`))
    await setup.start(fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }))
    const tenantId = await setup.createTenant()
    const jobId = await setup.submit(tenantId, { loop: { maxRounds: 3 } })
    await setup.finished(jobId)
    const critiques = [1, 2, 3].map(call => ({
      ...{ index: call, semantic: 3 + call, quality: 3 + call, overall: 3 + call },
      ...{ reasoning: `worth ${3 + call}`, refinedPrompt: `prompt ${call}` },
    }))
    expect(await critiquesOf(jobId)).toEqual(critiques)

    editor.behaveNext({ does: 'refuse', status: 400 })
    const failing = await setup.submit(tenantId, { loop: { maxRounds: 2 } })
    expect(await setup.finished(failing)).toMatchObject({ status: 'FAILED' })
    await retryJob(db, { tenantId, jobId: failing })
    expect(await setup.finished(failing)).toMatchObject({ status: 'SUCCEEDED' })
    expect(await critiquesOf(failing)).toHaveLength(2)
  })
})

describe('endpoints share the work', () => {
  test('no endpoint is called first by everybody, and a dead one does not take every first call', async () => {
    const editors = await fakeEditors(3, { behavior: { does: 'answer', delayMs: 60 } })
    const thinker = await fakeThinker(() => says(9, 'enough'))
    const dead = 'http://127.0.0.1:9/v1'
    await setup.start(
      fakeFleet({ editors: [dead, ...editors.map(editor => editor.url)], thinkers: [thinker.url] }, { capacity: 1 }),
    )
    const tenantId = await setup.createTenant()
    const jobs = await Promise.all(Array.from({ length: 24 }, () => setup.submit(tenantId)))
    for (const jobId of jobs) expect(await setup.finished(jobId, 60_000)).toMatchObject({ status: 'SUCCEEDED' })
    const calls = editors.map(editor => editor.calls)
    expect(calls.reduce((sum, n) => sum + n, 0)).toBe(24)
    expect(Math.min(...calls)).toBeGreaterThanOrEqual(4)
    expect(Math.max(...editors.map(editor => editor.maxInFlight))).toBe(1)
    const { rows } = await setup.images.db.query<{ failed: number }>(
      `select count(*) as failed from attempt where outcome = 'FAILED'`,
    )
    expect(rows[0]?.failed).toBeLessThan(24)
  })
})

describe('a network failure is a failure of one stage', () => {
  test('it is named by a code and a sentence, retried, and leaves sibling jobs alone', async () => {
    const [editor] = await fakeEditors(1)
    if (!editor) return
    const thinker = await fakeThinker(() => says(9, 'enough'))
    await setup.start(fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }))
    const tenantId = await setup.createTenant()
    editor.behaveNext({ does: 'breakOff' })
    const jobs = await Promise.all([setup.submit(tenantId), setup.submit(tenantId), setup.submit(tenantId)])
    for (const jobId of jobs) expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    const { rows } = await setup.images.db.query<{ code: string }>(
      `select code from job_event where type = 'STAGE_RETRYING'`,
    )
    expect(rows).toHaveLength(1)
    expect(rows[0]?.code).toMatch(/^[A-Z_]+$/)
    const task = await setup.images.db.query<{ message: string }>(
      'select error_message as message from task where error_code is not null',
    )
    expect(task.rows[0]?.message).toMatch(/^[A-Z].*\.$/)
    expect(task.rows[0]?.message).not.toMatch(/TypeError|undefined|127\.0\.0\.1|\n/)
  })
})

describe('a crash between the picture and its record', () => {
  test('leaves no half sample: the stage runs again and the round is there once', async () => {
    const { images } = setup
    const { db } = images
    await db.query(`insert into model (id, kinds) values ('fake-editor', '{EDITOR}'), ('fake-thinker', '{THINKER}')`)
    const tenantId = await setup.createTenant()
    const jobId = await setup.submit(tenantId)
    // A worker that stored its picture and died before it could say so.
    const claim = { workerId: v7(), limit: 1, leaseMs: -1, stageSeconds: 1, isClosing: false }
    const [task] = await claimTasks(db, { queue: 'edit:fake-editor', ...claim })
    if (!task) throw new Error('nothing was claimed')
    await startStage(db, task)
    await storePicture(images, tenantId, await noisePng(24, 16))
    expect(await reapTasks(db)).toEqual({ reclaimed: 1, dead: 0 })

    const [editor] = await fakeEditors(1)
    const thinker = await fakeThinker(() => says(9, 'enough'))
    await setup.start(fakeFleet({ editors: [editor?.url ?? ''], thinkers: [thinker.url] }))
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED' })
    const { rows } = await db.query(
      'select index, candidate, image_id is not null as has from round where job_id = $1',
      [jobId],
    )
    expect(rows).toEqual([{ index: 1, candidate: 0, has: true }])
  })

  test('and another job over the same source and instruction makes its own rounds', async () => {
    const editors = await fakeEditors(1)
    const thinker = await fakeThinker(() => says(9, 'enough'))
    await setup.start(fakeFleet({ editors: editors.map(({ url }) => url), thinkers: [thinker.url] }))
    const tenantId = await setup.createTenant()
    const sourceId = await setup.createPicture(tenantId)
    const same = { sourceId, instruction: 'make it bluer' }
    const first = await setup.submit(tenantId, { ...same, loop: { seed: 1 } })
    const second = await setup.submit(tenantId, { ...same, loop: { seed: 2 } })
    await Promise.all([setup.finished(first), setup.finished(second)])
    expect(editors[0]?.edits.map(edit => edit.fields.seed).sort()).toEqual(['1', '2'])
  })
})

describe('runs can be repeated', () => {
  test('every call carries the stored seed, and the same seed asks the same', async () => {
    const editors = await fakeEditors(1)
    const thinker = await fakeThinker(call => says(call % 2 === 1 ? 4 : 9, 'bluer'))
    await setup.start(fakeFleet({ editors: editors.map(({ url }) => url), thinkers: [thinker.url] }))
    const tenantId = await setup.createTenant()
    const same = { sourceId: await setup.createPicture(tenantId), instruction: 'make it bluer', loop: { seed: 77 } }
    const asked: string[][] = []
    for (let run = 0; run < 2; run++) {
      const before = { edits: editors[0]?.edits.length ?? 0, chats: thinker.chats.length }
      const jobId = await setup.submit(tenantId, same)
      await setup.finished(jobId)
      const edits = editors[0]?.edits.slice(before.edits) ?? []
      const chats = thinker.chats.slice(before.chats)
      const { rows } = await setup.images.db.query<{ seed: number }>(
        'select seed from round where job_id = $1 order by index',
        [jobId],
      )
      expect(edits.map(edit => Number(edit.fields.seed))).toEqual(rows.map(row => row.seed))
      expect(chats.every(chat => Number.isInteger(chat.body.seed))).toBe(true)
      asked.push([...edits.map(edit => JSON.stringify(edit.fields)), ...chats.map(chat => JSON.stringify(chat.body))])
    }
    expect(asked[1]).toEqual(asked[0])
  })
})
