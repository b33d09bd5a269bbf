import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FakeEditor, startFakeEditor } from './support/fake-editor.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { fakeFleet, openWorkers, type WorkerSetup } from './support/worker-setup.ts'

let setup: WorkerSetup
let editor: FakeEditor
let thinker: FakeThinker

beforeAll(async () => {
  setup = await openWorkers()
  editor = await startFakeEditor()
  thinker = await startFakeThinker({ say: (_, call) => verdict(call % 3 === 0 ? 9 : 4, call) })
  await setup.start(fakeFleet({ editors: [editor.url], thinkers: [thinker.url] }))
})

afterAll(async () => {
  await setup.close()
  await editor.close()
  await thinker.close()
})

function verdict(score: number, call: number): string {
  const refined = `bluer still, call ${call}`
  return JSON.stringify({ reason: 'seen', semantic: score, quality: score, new_rewritten_prompt: refined })
}

test('a job is edited, judged and edited again until the thinker is satisfied', async () => {
  const tenantId = await setup.createTenant()
  const jobId = await setup.submit(tenantId, { instruction: 'a bluer sky' })
  expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'SATISFIED' })

  const { rows: rounds } = await setup.images.db.query(
    `select r.index, r.prompt, r.status::text as status, i.status::text as image, c.overall, c.tokens, c.by
     from round r join image i on i.id = r.image_id join critique c on c.round_id = r.id
     where r.job_id = $1 order by r.index`,
    [jobId],
  )
  const judged = { status: 'CRITIQUED', image: 'READY', tokens: 42, by: 'fake-thinker' }
  expect(rounds).toEqual([
    { ...judged, index: 1, prompt: 'a bluer sky', overall: 4 },
    { ...judged, index: 2, prompt: 'bluer still, call 1', overall: 4 },
    { ...judged, index: 3, prompt: 'bluer still, call 2', overall: 9 },
  ])
  expect(editor.edits.map(edit => edit.fields.prompt)).toEqual(rounds.map(round => round.prompt))
})
