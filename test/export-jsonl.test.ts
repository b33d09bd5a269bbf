import { afterAll, beforeAll, expect, test } from 'vitest'
import { addCritique } from '../src/jobs/add-critique.ts'
import {
  buildDataset,
  type ExportSetup,
  makeExport,
  openExports,
  playPainted,
  readExport,
} from './support/export-setup.ts'

let setup: ExportSetup
let versionId: string
beforeAll(async () => {
  setup = await openExports()
  const tagged = { metadata: { task: 'light', deep: [1, { a: null }] }, tags: ['a'], batch: 'b' }
  await playPainted(
    setup,
    [
      [5, 6],
      [9, 9],
    ],
    { color: 1, ...tagged },
  )
  await playPainted(
    setup,
    [
      [3, 3],
      [6, 6],
      [8, 9],
    ],
    { color: 2 },
  )
  versionId = await buildDataset(setup.db, setup.caller, { kind: 'plain' })
})
afterAll(() => setup.close())

async function readLines(exportId: string): Promise<Record<string, unknown>[]> {
  const files = await readExport(setup, exportId)
  const text = [...files].filter(([path]) => path.endsWith('.jsonl')).map(([, bytes]) => bytes.toString())
  return text
    .join('')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

test('a whole trajectory is a line with everything that the database has of it', async () => {
  const row = await makeExport(setup, { versionId, format: 'JSONL' })
  expect(row).toMatchObject({ status: 'DONE', samples: 2, total: 2 })
  const lines = await readLines(row.id)
  const { rows: jobs } = await setup.db.query<Record<string, unknown> & { id: string; sha256: string }>(
    `select job.*, settings, source.sha256 from dataset_sample s join job on job.id = s.job_id
     join image source on source.id = job.source_id where s.version_id = $1 order by s.position`,
    [versionId],
  )
  expect(lines).toHaveLength(2)
  for (const [index, line] of lines.entries()) {
    const job = jobs[index]
    expect(line).toMatchObject({
      ...{ format: 'pentimento-trajectories', version: 1, kind: 'EDIT', status: 'SUCCEEDED', stopReason: 'SATISFIED' },
      ...{ instruction: job?.instruction, settings: job?.settings, baseSeed: job?.base_seed, batch: job?.batch },
      ...{
        tags: job?.tags,
        metadata: job?.metadata,
        source: { sha256: job?.sha256 },
        editorSeconds: job?.editor_seconds,
      },
    })
    expect(new Date(line.finishedAt as string)).toEqual(job?.finished_at)
    const { rows: rounds } = await setup.db.query<Record<string, unknown>>(
      `select round.index, round.prompt, round.prompt_source as "promptSource", round.seed, round.status::text as status,
         image.sha256, c.semantic, c.quality, c.overall, c.reasoning, c.refined_prompt as "refinedPrompt", c.tokens, c.by
       from round join image on image.id = round.image_id join critique c on c.round_id = round.id
       where round.job_id = $1 order by round.index`,
      [job?.id],
    )
    const found = (line.rounds as Round[]).map(({ index, prompt, promptSource, seed, status, picture, critiques }) => {
      const [{ semantic, quality, overall, reasoning, refinedPrompt, tokens, by }] = critiques
      const critique = { semantic, quality, overall, reasoning, refinedPrompt, tokens, by }
      return { index, prompt, promptSource, seed, status, sha256: picture.sha256, ...critique }
    })
    expect(found).toEqual(rounds)
  }
})

type Round = Record<'index' | 'prompt' | 'promptSource' | 'seed' | 'status', unknown> & {
  picture: { sha256: string }
  critiques: [Record<string, unknown>]
}

test('feedback that came after a version was made is not in its export', async () => {
  const { rows } = await setup.db.query<{ id: string }>('select best_round_id as id from job')
  for (const { id } of rows) {
    const words = { isSatisfied: true, reasoning: 'late', refinedPrompt: null }
    await addCritique(setup.db, setup.caller, { roundId: id, semantic: 1, quality: 1, ...words })
  }
  const before = await readLines((await makeExport(setup, { versionId, format: 'JSONL', pictures: 'NAMED' })).id)
  const later = await buildDataset(setup.db, setup.caller, { kind: 'plain' })
  const after = await readLines((await makeExport(setup, { versionId: later, format: 'JSONL' })).id)
  const countOf = (lines: object[]) => JSON.stringify(lines).split('"source":"HUMAN"').length - 1
  expect([countOf(before), countOf(after)]).toEqual([0, 2])
})

test('a trajectory that was deleted is missing, and the rest is as it was', async () => {
  const kept = await readLines((await makeExport(setup, { versionId, format: 'JSONL', pictures: 'NAMED' })).id)
  await setup.db.query(
    'delete from job where id = (select job_id from dataset_sample where version_id = $1 and position = 0)',
    [versionId],
  )
  const rest = await readLines(
    (await makeExport(setup, { versionId, format: 'JSONL', pictures: 'NAMED', shardSize: 9 })).id,
  )
  expect(rest).toEqual(kept.slice(1))
})

test('trajectories are never exported with links, which end', async () => {
  await expect(makeExport(setup, { versionId, format: 'JSONL', pictures: 'LINKED' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    field: 'pictures',
  })
})
