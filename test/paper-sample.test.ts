import { expect, test } from 'vitest'
import { paperFolder } from '../src/benchmarks/paper-layout.ts'
import { type SampleJob, type SampleRound, toPaperSample } from '../src/benchmarks/to-paper-sample.ts'
import { paperMeta } from '../src/imports/paper-meta.ts'
import { toPaperRecord } from '../src/imports/to-paper-record.ts'
import { defaultSettings } from '../src/loop/settings.ts'

/** A round whose critique has these scores; null: it could not be read. */
function round(index: number, score: number | null, more: Partial<SampleRound> = {}): SampleRound {
  const isSatisfied = score === null ? null : score >= 8
  return {
    ...{ id: `r${index}${more.candidate ?? 0}`, index, candidate: 0, parentId: null, status: 'CRITIQUED' },
    ...{ hasImage: index > 0, prompt: index === 0 ? '' : `prompt ${index}`, promptSource: 'REFINED', seed: 7 },
    critique: {
      ...{ semantic: score, quality: score, isSatisfied, refinedPrompt: isSatisfied ? null : `prompt ${index + 1}` },
      errorCode: score === null ? 'UNREADABLE_VERDICT' : null,
    },
    ...{ editor: 'e', isSatisfied, reasoning: `about ${index}`, overall: score },
    ...more,
  }
}

function job(
  stopReason: string,
  rounds: SampleRound[],
  more: Partial<SampleJob> & { firstRound?: string } = {},
): SampleJob {
  const { firstRound = 'DIRECT', ...rest } = more
  const settings = { firstRound, maxRounds: 4, critique: true, stop: defaultSettings.stop }
  return { stopReason, settings, instruction: 'prompt 1', bestRoundId: null, rounds, ...rest }
}

/** What the importer of the paper's folders reads back. */
function readBack(given: SampleJob) {
  const { turns, pictures, isSatisfied } = toPaperSample(given, 'last')
  const meta = paperMeta.parse({
    ...{
      key: 'k',
      all_turns_in_final: [],
      original_instruction: given.instruction,
      max_turns: pictures.length,
      turns,
      is_satisfied: isSatisfied,
    },
  })
  const pictureOf = (turn: number | null) => ({ picture: turn })
  return toPaperRecord(meta, { editor: 'e', thinker: 't', benchmark: null, pictureOf })
}

test('a satisfied job ends in a turn that copies, and later turns repeat its last picture', () => {
  const given = job('SATISFIED', [round(1, 5), round(2, 9)], { bestRoundId: 'r20' })
  const sample = toPaperSample(given, 'best')
  expect(sample.turns).toEqual([
    {
      ...{ turn_number: 1, rewritten_prompt: 'prompt 1', evaluation: null, generated: true },
      ...{ method: 'no_rewrite', action: 'generated', seed: 7, editor: 'e' },
      score: { semantic: 5, quality: 5, overall: 5 },
    },
    {
      ...{ turn_number: 2, rewritten_prompt: 'prompt 2', generated: true, seed: 7, editor: 'e' },
      evaluation: {
        ...{ is_satisfied: false, reason: 'about 1', new_prompt: 'prompt 2' },
        score: { semantic: 5, quality: 5, overall: 5 },
      },
      ...{ method: 'evaluate_and_rewrite_prompt', action: 'generated', score: { semantic: 9, quality: 9, overall: 9 } },
    },
    {
      ...{ turn_number: 3, rewritten_prompt: null, generated: false, score: { semantic: 9, quality: 9, overall: 9 } },
      evaluation: {
        ...{ is_satisfied: true, reason: 'about 2', new_prompt: null },
        score: { semantic: 9, quality: 9, overall: 9 },
      },
      ...{ method: 'evaluate_and_rewrite_prompt', action: 'copied_from_previous_turn' },
    },
  ])
  expect(sample.pictures).toEqual(['r10', 'r20', 'r20', 'r20'].map(roundId => ({ roundId })))
  expect(sample).toMatchObject({ selected: 2, isSatisfied: true })
  expect(readBack(given)).toMatchObject({ stopReason: 'SATISFIED', rounds: [{ index: 1 }, { index: 2 }], best: [2, 0] })
})

test('the best round or the last one is the result, as was asked', () => {
  const given = job('MAX_ROUNDS', [round(1, 5), round(2, 7), round(3, 6), round(4, 1)], { bestRoundId: 'r20' })
  expect(toPaperSample(given, 'best').selected).toBe(2)
  expect(toPaperSample(given, 'last').selected).toBe(4)
  expect(toPaperSample(given, 'best').turns.map(({ action }) => action)).toEqual(Array(4).fill('generated'))
})

test('of several candidates the best of its round is its picture', () => {
  const rounds = [
    round(1, 3),
    round(1, 6, { candidate: 1 }),
    round(2, 4, { hasImage: false }),
    round(2, 2, { candidate: 1 }),
  ]
  const { pictures } = toPaperSample(job('MAX_ROUNDS', rounds), 'last')
  expect(pictures).toEqual(['r11', 'r21', 'r21', 'r21'].map(roundId => ({ roundId })))
})

test('a source that satisfied is the only turn and the result', () => {
  const given = job('SATISFIED', [round(0, 9)], { firstRound: 'EVALUATE', bestRoundId: 'r00' })
  const sample = toPaperSample(given, 'best')
  expect(sample.turns).toMatchObject([
    {
      ...{ turn_number: 1, rewritten_prompt: '', generated: false, action: 'original_image_satisfied' },
      ...{ method: 'evaluate_and_rewrite_prompt_first_turn', evaluation: { is_satisfied: true } },
    },
  ])
  expect(sample.pictures).toEqual(Array(4).fill('source'))
  expect(sample.selected).toBe(1)
  expect(readBack(given)).toMatchObject({ stopReason: 'SATISFIED', best: [0, 0], settings: { firstRound: 'EVALUATE' } })
})

test('a source that was judged first is evaluated in the first turn', () => {
  const given = job('MAX_ROUNDS', [round(0, 4), round(1, 5)], { firstRound: 'EVALUATE' })
  expect(toPaperSample(given, 'last').turns).toMatchObject([
    { method: 'evaluate_and_rewrite_prompt_first_turn', evaluation: { reason: 'about 0' }, generated: true },
  ])
  expect(readBack(given)).toMatchObject({ rounds: [{ index: 0, critiques: [{ semantic: 4 }] }, { index: 1 }] })
})

test('a polished first prompt has the instruction beside it', () => {
  const first = round(1, 5, { prompt: 'polished', promptSource: 'POLISHED' })
  const given = job('MAX_ROUNDS', [first], { firstRound: 'POLISH' })
  expect(toPaperSample(given, 'last').turns).toMatchObject([
    { method: 'polish_edit_prompt', rewritten_prompt: 'polished', original_prompt: 'prompt 1' },
  ])
  expect(readBack(given)).toMatchObject({ rounds: [{ promptSource: 'POLISHED' }] })
})

test('a verdict that could not be read is no judgement', () => {
  const given = job('SATISFIED', [round(1, null), round(2, 9, { prompt: 'prompt 1' })])
  const [, second] = toPaperSample(given, 'last').turns
  expect(second?.evaluation).toEqual({
    ...{ is_satisfied: false, new_prompt: 'prompt 1' },
    reason: 'Evaluation failed after 3 attempts',
  })
  expect(readBack(given)).toMatchObject({ rounds: [{ critiques: [{ errorCode: 'UNREADABLE_VERDICT' }] }, {}] })
})

test('a job without refinement says so, one without patience just ends', () => {
  const stopped = job('NO_REFINEMENT', [
    round(1, 5, {
      critique: { semantic: 5, quality: 5, isSatisfied: null, refinedPrompt: 'prompt 1', errorCode: null },
    }),
  ])
  const { turns } = toPaperSample(stopped, 'last')
  expect(turns.at(-1)).toMatchObject({ action: 'no_refined_prompt_stopping', evaluation: { new_prompt: null } })
  expect(readBack(stopped)).toMatchObject({ stopReason: 'NO_REFINEMENT' })
  expect(toPaperSample(job('PATIENCE', [round(1, 5)]), 'last').turns).toHaveLength(1)
})

test('without critique there is one turn', () => {
  const given = job('MAX_ROUNDS', [round(1, 5, { critique: null, overall: null })])
  const sample = toPaperSample({ ...given, settings: { ...given.settings, critique: false } }, 'best')
  expect(sample).toMatchObject({
    pictures: [{ roundId: 'r10' }],
    turns: [{ score: null, evaluation: null }],
    selected: 1,
  })
})

test.each([
  ['gedit', 'fullset/color_alter/cn'],
  ['imgedit', 'gen_image'],
  ['kris', 'color_alter'],
  ['rise', 'color_alter'],
] as const)('a sample of %s lies in %s', (benchmark, folder) => {
  expect(paperFolder(benchmark, { key: '1', taskType: 'color_alter', language: 'cn' })).toBe(folder)
  for (const key of ['../1', 'a\\b', '..', 'a\0']) {
    expect(paperFolder(benchmark, { key, taskType: 'color_alter', language: 'en' })).toBeNull()
  }
})
