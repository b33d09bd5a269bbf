import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { recordRule } from '../schema/trajectories/imported-record.ts'
import type { FoundTrajectory } from '../src/imports/found-trajectory.ts'
import { openPaperFolder } from '../src/imports/read-paper-folder.ts'
import { paperMeta, paperTurn, writeSample } from './support/paper-folder.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pentimento-paper-'))
  return () => rm(root, { recursive: true, force: true })
})

const models = { editor: 'flux-kontext-dev', thinker: 'editthinker-8b' }

async function readAll(given = models): Promise<FoundTrajectory[]> {
  const source = await openPaperFolder(root, given)
  const found: FoundTrajectory[] = []
  for await (const one of source?.read() ?? []) found.push(one)
  return found
}

/** The one sample of the folder: its record, with pictures by their files, as the server reads it. */
async function readOne(given = models) {
  const [found, ...others] = await readAll(given)
  expect(others).toEqual([])
  if (!found || 'problem' in found) throw new Error(found?.problem ?? 'There is no sample.')
  const names = new Map<string, string>()
  for (const { node, field } of found.pictures) {
    node.sha256 = Buffer.from(field).toString('hex').padEnd(64, '0').slice(-64)
    names.set(node.sha256, field)
  }
  const read = recordRule.parse(found.record)
  const nameOf = (sha256: string | null) => (sha256 === null ? null : names.get(sha256))
  return {
    ...read,
    source: nameOf(read.source),
    rounds: read.rounds.map(round => ({ ...round, picture: nameOf(round.picture) })),
  }
}

const evaluation = (isSatisfied: unknown, reason: string, prompt: string | null) => ({
  is_satisfied: isSatisfied,
  reason,
  new_prompt: prompt,
})

describe('a sample of the paper', () => {
  it('is a trajectory: each picture a round, judged by the turn after it', async () => {
    const turns = [
      paperTurn(1),
      paperTurn(2, { evaluation: evaluation(false, 'Too dark.', 'prompt 2') }),
      paperTurn(3, {
        ...{ evaluation: evaluation(true, 'Good.', 'prompt 2'), rewritten_prompt: null, generated: false },
        action: 'copied_from_previous_turn',
      }),
    ]
    const about = { is_satisfied: true, task_type: 'color_alter' }
    await writeSample(root, 'final/fullset/color_alter/en', paperMeta('k1', turns, about))
    const stem = 'final/fullset/color_alter/en/k1'
    const critique = { source: 'THINKER', by: 'editthinker-8b', semantic: null, overall: null, errorCode: null }
    expect(await readOne()).toMatchObject({
      ...{ kind: 'EDIT', status: 'SUCCEEDED', stopReason: 'SATISFIED', instruction: 'prompt 1', best: { index: 2 } },
      ...{ editor: 'flux-kontext-dev', thinker: 'editthinker-8b', source: `${stem}_SRCIMG.png`, createdAt: null },
      settings: { firstRound: 'DIRECT', maxRounds: 5, select: 'LAST', seed: 0, stop: { semanticAtLeast: 8 } },
      metadata: { benchmark: 'gedit', key: 'k1', task: 'color_alter', language: 'en' },
      rounds: [
        {
          ...{ index: 1, parent: null, status: 'CRITIQUED', prompt: 'prompt 1', promptSource: 'INSTRUCTION', seed: 0 },
          ...{ picture: `${stem}_turn1.png`, isSatisfied: false },
          critiques: [{ ...critique, isSatisfied: false, reasoning: 'Too dark.', refinedPrompt: 'prompt 2' }],
        },
        {
          ...{ index: 2, parent: { index: 1, candidate: 0 }, prompt: 'prompt 2', promptSource: 'REFINED' },
          ...{ picture: `${stem}_turn2.png`, isSatisfied: true, status: 'CRITIQUED' },
          critiques: [{ ...critique, isSatisfied: true, reasoning: 'Good.' }],
        },
      ],
    })
  })

  it('of which the last picture was never judged has it as its result, at the limit', async () => {
    const turns = [paperTurn(1), paperTurn(2, { evaluation: evaluation(false, 'No.', 'prompt 2') })]
    await writeSample(root, 'final/gen_image', paperMeta(12, turns, { max_turns: 2 }))
    expect(await readOne()).toMatchObject({
      ...{ stopReason: 'MAX_ROUNDS', best: { index: 2, candidate: 0 }, metadata: { benchmark: 'imgedit', key: '12' } },
      rounds: [{ status: 'CRITIQUED' }, { status: 'EDITED', isSatisfied: null, critiques: [] }],
    })
  })

  it('that was polished first begins with the polished prompt', async () => {
    const turn = { method: 'polish_edit_prompt', original_prompt: 'prompt 1', rewritten_prompt: 'A finer prompt' }
    await writeSample(root, 'biology', paperMeta('7', [paperTurn(1, turn)], { task_type: 'biology' }))
    expect(await readOne()).toMatchObject({
      ...{ settings: { firstRound: 'POLISH' }, metadata: { benchmark: 'kris' } },
      rounds: [{ prompt: 'A finer prompt', promptSource: 'POLISHED' }],
    })
  })

  it('whose source satisfied has no edit, and the source as its result', async () => {
    const turn = {
      ...{ method: 'evaluate_and_rewrite_prompt_first_turn', action: 'original_image_satisfied', generated: false },
      ...{ rewritten_prompt: '', evaluation: evaluation(true, 'As it is.', null) },
    }
    const about = { is_satisfied: true, task_type: 'causal_reasoning' }
    await writeSample(root, 'causal_reasoning', paperMeta('c_1', [paperTurn(1, turn)], about))
    expect(await readOne()).toMatchObject({
      ...{ stopReason: 'SATISFIED', best: { index: 0 }, settings: { firstRound: 'EVALUATE' } },
      metadata: { benchmark: 'rise' },
      rounds: [{ index: 0, prompt: '', seed: null, picture: 'causal_reasoning/c_1_SRCIMG.png', isSatisfied: true }],
    })
  })

  it('whose source was judged goes on from there', async () => {
    const method = 'evaluate_and_rewrite_prompt_first_turn'
    const turn = { method, rewritten_prompt: 'Redder', evaluation: evaluation(false, 'Grey.', 'Redder') }
    await writeSample(root, 'x', paperMeta('1', [paperTurn(1, turn)]))
    expect((await readOne()).rounds).toMatchObject([
      { index: 0, critiques: [{ reasoning: 'Grey.', refinedPrompt: 'Redder' }] },
      { index: 1, parent: { index: 0 }, prompt: 'Redder', promptSource: 'REFINED', picture: 'x/1_turn1.png' },
    ])
  })

  it('keeps a judgement that failed as one that says nothing', async () => {
    const failed = evaluation(false, 'Evaluation failed after 10 attempts', 'prompt 1')
    const turns = [paperTurn(1), paperTurn(2, { evaluation: failed, rewritten_prompt: 'prompt 1' })]
    await writeSample(root, 'x', paperMeta('1', turns))
    expect((await readOne()).rounds[0]).toMatchObject({
      isSatisfied: null,
      critiques: [{ errorCode: 'UNREADABLE_VERDICT', isSatisfied: null, refinedPrompt: null, semantic: null }],
    })
  })

  it('takes scores, seeds and a flag in quotes where a changed script writes them, and keeps what it does not know', async () => {
    const scored = { ...evaluation('False', 'Nearly.', 'prompt 2'), score: { semantic: 9, quality: 4 }, latency: 3 }
    const turns = [paperTurn(1, { seed: 5 }), paperTurn(2, { evaluation: scored, seed: 6 })]
    await writeSample(root, 'x', paperMeta('1', turns, { commit: 'abc' }))
    expect(await readOne({ ...models, editor: 'qwen-image-edit' })).toMatchObject({
      ...{ baseSeed: 5, settings: { seed: 5 } },
      metadata: { key: '1', task: 'imgedit', language: 'en', extra: { commit: 'abc', turns: { 2: { latency: 3 } } } },
      rounds: [{ seed: 5, critiques: [{ semantic: 9, quality: 4, overall: 6, isSatisfied: false }] }, { seed: 6 }],
    })
  })

  it('says that a seed is unknown where the script leaves it to the server', async () => {
    await writeSample(root, 'x', paperMeta('1', [paperTurn(1)]))
    const { metadata, baseSeed } = await readOne({ ...models, editor: 'qwen-image-edit' })
    expect({ metadata, baseSeed }).toMatchObject({ metadata: { seed: 'unknown' }, baseSeed: 0 })
  })
})

describe('a sample that cannot be read', () => {
  const judged = paperTurn(2, { evaluation: evaluation(false, 'No.', 'prompt 2') })

  it.each<[string, RegExp, object]>([
    ['no instruction', /^original_instruction: /, paperMeta('k', [paperTurn(1)], { original_instruction: null })],
    ['no turns', /^turns: /, paperMeta('k', [])],
    ['no flag', /^is_satisfied: /, paperMeta('k', [paperTurn(1)], { is_satisfied: 'maybe' })],
    ['another key', /^key must be "k", as the file is called, not "other"/, paperMeta('other', [paperTurn(1)])],
    ['no prompt', /^turns\.0\.rewritten_prompt must say/, paperMeta('k', [paperTurn(1, { rewritten_prompt: ' ' })])],
    ['no evaluation', /^turns\.1\.evaluation is missing/, paperMeta('k', [paperTurn(1), paperTurn(2)])],
    [
      'two evaluations',
      /^turns\.2\.evaluation judges no picture of its own/,
      paperMeta('k', [...[paperTurn(1), { ...judged, generated: false }, { ...judged, turn_number: 3 }]]),
    ],
    [
      'no third picture',
      /^The picture x\/k_turn3\.png is missing/,
      paperMeta('k', [...[paperTurn(1), judged, { ...judged, turn_number: 3 }]]),
    ],
  ])('is told of with its file and what is wrong: %s', async (_, problem, meta) => {
    await writeSample(root, 'x', paperMeta('k', [paperTurn(1), judged]))
    await writeFile(join(root, 'x/k_meta.json'), JSON.stringify(meta))
    await writeSample(root, 'x', paperMeta('z', [paperTurn(1)]))
    expect(await readAll()).toMatchObject([
      { place: 'x/k_meta.json', problem: expect.stringMatching(problem), done: 1 },
      { place: 'x/z_meta.json', record: { instruction: 'prompt 1' }, done: 2 },
    ])
  })

  it('is told of when its file is cut short, or missing beside its pictures, but not in the folders of turns', async () => {
    await writeSample(root, 'final/x', paperMeta('k', [paperTurn(1)]))
    await writeSample(root, 'turn1/x', paperMeta('k', [paperTurn(1)]))
    await writeSample(root, 'final/x', paperMeta('m', [paperTurn(1)]))
    const text = await readFile(join(root, 'final/x/k_meta.json'), 'utf8')
    await writeFile(join(root, 'final/x/k_meta.json'), text.slice(0, 100))
    for (const path of ['final/x/m_meta.json', 'turn1/x/k_meta.json']) await rm(join(root, path))
    expect(await readAll()).toMatchObject([
      { place: 'final/x/k_meta.json', problem: expect.stringMatching(/^The file is no JSON/) },
      { place: 'final/x/m_meta.json', problem: expect.stringMatching(/^The file is missing/) },
    ])
  })

  it('is none where there is no sample at all', async () => {
    await mkdir(join(root, 'final'))
    expect(await openPaperFolder(root, models)).toBe(null)
  })
})
