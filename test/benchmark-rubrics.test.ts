import { describe, expect, it, test } from 'vitest'
import type { CallName } from '../src/benchmarks/answers.ts'
import { benchmarkNames } from '../src/benchmarks/benchmark.ts'
import { imgeditTypes } from '../src/benchmarks/imgedit-types.ts'
import { krisCategories } from '../src/benchmarks/kris-categories.ts'
import { askRound } from '../src/judging/ask-round.ts'
import { renderCall } from '../src/judging/render-call.ts'
import { type JudgeQuestion, rubrics } from '../src/judging/rubric.ts'

type Item = { taskType: string; facts?: object; pictures?: object }

function ask(name: string, item: Item): [CallName | undefined, JudgeQuestion][] {
  const rubric = rubrics.get(name)
  if (!rubric) throw new Error(`There is no rubric ${name}.`)
  const asked = askRound(rubric, { name, key: '1', language: 'en', ...item }) ?? []
  return asked.map(({ call, question }) => [rubric.calls[call - 1]?.name as CallName, question])
}

const image = (id: string) => ({
  ...{ id, objectKey: id, contentType: 'image/png', width: 1, height: 1, byteSize: 1, sha256: id },
})
const round = {
  ...{ instruction: 'melt it', prompt: 'melt all of it', source: image('source'), edited: image('edited') },
  references: [image('second'), image('third')],
  pictures: { groundTruth: image('truth'), reference: image('reference') },
}

/** Of each call what it shows, in order: labels and pictures, and by which text. */
function shown(name: string, item: Item): Record<string, unknown> {
  return Object.fromEntries(
    ask(name, item).map(([call, question]) => {
      const pictures = renderCall(question, round).pictures.map(({ label, image: { id } }) => `${label}${id}`)
      return [call, [question.templateName, ...pictures]]
    }),
  )
}

describe('GEdit', () => {
  it('compares both pictures for the order and looks at the result alone for quality', () => {
    expect(shown('gedit', { taskType: 'color_alter' })).toEqual({
      semantic: ['semantic', 'source', 'edited'],
      quality: ['quality', 'edited'],
    })
  })

  it('makes a critique of the smaller scores', () => {
    const scores = [
      { scores: [7, 4], reasoning: 'too much' },
      { scores: [9, 8], reasoning: null },
    ]
    expect(rubrics.get('gedit')?.toScores?.(scores)).toEqual({ semantic: 4, quality: 8, reasoning: 'too much' })
  })
})

describe('ImgEdit', () => {
  it.each(imgeditTypes)('asks about %s in its own words', taskType => {
    expect(shown('imgedit', { taskType })).toEqual({ rating: [taskType, 'source', 'edited'] })
  })

  it('asks nothing of a kind of edit that it does not know', () => {
    expect(ask('imgedit', { taskType: 'hybrid' })).toEqual([])
  })
})

describe('KRIS', () => {
  const pair = ['The original image:source', 'The edited image:edited']
  const quality = ['quality', 'The edited image:edited']

  it('asks three questions where no knowledge is scored', () => {
    expect(shown('kris', { taskType: 'color_change' })).toEqual({
      ...{ consistency: ['consistency', ...pair], instruction: ['instruction', ...pair], quality },
    })
  })

  it('asks for both scores at once, with the explanation, where knowledge is scored', () => {
    const item = { taskType: 'physics', facts: { explanation: 'Ice melts {prompt}.' } }
    expect(shown('kris', item)).toEqual({ consistency: ['consistency', ...pair], dual: ['dual', ...pair], quality })
    const dual = ask('kris', item).find(([call]) => call === 'dual')?.[1]
    expect(dual && renderCall(dual, round).text).toContain('Ice melts {prompt}.')
    expect(dual && renderCall({ ...dual, template: '{explanation} {instruct}' }, round).text).toBe(
      'Ice melts {prompt}. melt it',
    )
  })

  it('shows the ground truth where the viewpoint changes', () => {
    expect(shown('kris', { taskType: 'viewpoint_change', pictures: { groundTruth: 'x' } })).toEqual({
      consistency: ['consistency', ...pair],
      instruction: ['instruction-viewpoint', ...pair, 'The ground truth:truth'],
      quality,
    })
  })

  it('shows all pictures that were given, in order and numbered', () => {
    const all = ['Original image 1:source', 'Original image 2:second', 'Original image 3:third', pair[1]]
    expect(shown('kris', { taskType: 'multi-element_composition' })).toEqual({
      ...{ consistency: ['consistency-multi', ...all], instruction: ['instruction-multi', ...all], quality },
    })
  })

  it('shows pictures that were kept from the editor in the same places', () => {
    const pictures = { original3: image('third'), original2: image('second') }
    const [[, asked] = []] = ask('kris', { taskType: 'temporal_prediction', facts: { frame: 2 }, pictures })
    const rendered = asked && renderCall(asked, { ...round, references: [], pictures })
    expect(rendered?.pictures.map(({ image: { id } }) => id)).toEqual(['source', 'edited', 'second', 'third'])
  })

  it.each([1, 2, 3, 4])('puts the frame that was made in the %ith place', frame => {
    const frames = ['source', 'second', 'third'].toSpliced(frame - 1, 0, 'edited')
    const labels = frames.map((id, i) => `Frame ${i + 1}, ${id === 'edited' ? 'made by the model' : 'given'}:${id}`)
    expect(shown('kris', { taskType: 'temporal_prediction', facts: { frame } })).toEqual({
      ...{
        consistency: ['consistency-temporal', ...labels],
        instruction: ['instruction-temporal', ...labels],
        quality,
      },
    })
    const [[, consistency] = []] = ask('kris', { taskType: 'temporal_prediction', facts: { frame } })
    expect(consistency).toMatchObject({ preparation: 'jpeg' })
    expect(consistency && renderCall(consistency, round).text).toContain(`frame ${frame} was made`)
  })
})

describe('RISE', () => {
  const [both, one] = [
    ['source', 'edited'],
    ['reference', 'edited'],
  ]

  it.each([
    ['temporal_reasoning', {}, ['reasoning', 'edited']],
    ['causal_reasoning', { isReasoningWithInput: true }, ['reasoning-with-input', ...both]],
  ])('asks three questions about %s', (taskType, facts, reasoning) => {
    expect(shown('rise', { taskType, facts: { reference: 'A puddle.', ...facts } })).toEqual({
      ...{ consistency: ['consistency', ...both], reasoning, plausibility: ['plausibility', 'edited'] },
    })
  })

  it('compares with the reference picture of a spatial item that has one', () => {
    const taskType = 'spatial_reasoning'
    const plausibility = ['plausibility-spatial', 'edited']
    expect(shown('rise', { taskType, facts: { reference: 'Side by side.' } })).toEqual({
      ...{ consistency: ['consistency-spatial', ...both], reasoning: ['reasoning-spatial', 'edited'], plausibility },
    })
    expect(shown('rise', { taskType, facts: { isReasoningWithInput: true } })).toMatchObject({
      reasoning: ['reasoning-spatial-with-input', ...both],
    })
    expect(shown('rise', { taskType, pictures: { reference: 'x' } })).toEqual({
      ...{ consistency: ['consistency-spatial', ...one], reasoning: ['reasoning-spatial-image', ...one], plausibility },
    })
  })

  it('asks two questions about a logical item, by its reference text or picture', () => {
    const taskType = 'logical_reasoning'
    expect(shown('rise', { taskType, facts: { referenceText: 'B' } })).toEqual({
      ...{ consistency: ['consistency-logical-text', ...both], reasoning: ['reasoning-logical-text', 'edited'] },
    })
    expect(shown('rise', { taskType, pictures: { reference: 'x' } })).toEqual({
      ...{ consistency: ['consistency-logical-image', ...one], reasoning: ['reasoning-logical-image', ...one] },
    })
    expect(shown('rise', { taskType, pictures: { reference: 'x' }, facts: { isWithoutQuestion: true } })).toMatchObject(
      {
        reasoning: ['reasoning-logical-image-without-question', ...one],
      },
    )
  })

  it('leaves out the consistency of an item that is free of it, whatever that says', () => {
    for (const consistencyFree of [true, false]) {
      const item = { taskType: 'causal_reasoning', facts: { reference: 'x', consistencyFree } }
      expect(Object.keys(shown('rise', item))).toEqual(['reasoning', 'plausibility'])
    }
  })
})

test.each([
  ['gedit', 'sourceSize', null, 1_400],
  ['imgedit', 'stored', null, null],
  ['kris', 'under3MiB', null, 1_000],
  ['rise', 'within768', 0, 4_096],
])('%s sends its pictures %s, at temperature %s, for %s tokens', (name, preparation, temperature, maxTokens) => {
  const taskType = { gedit: 'ps_human', imgedit: 'add', kris: 'biology', rise: 'causal_reasoning' }[name] ?? ''
  const questions = ask(name, { taskType })
  expect(questions.map(([, question]) => question)).toEqual(
    questions.map(() => expect.objectContaining({ preparation, temperature, maxTokens })),
  )
})

const everyItem: [string, Item][] = [
  ['gedit', { taskType: 'color_alter' }],
  ...imgeditTypes.map((taskType): [string, Item] => ['imgedit', { taskType }]),
  ...krisCategories.map((taskType): [string, Item] => ['kris', { taskType, facts: { explanation: 'so', frame: 2 } }]),
  ...['temporal', 'causal', 'spatial', 'logical'].map((kind): [string, Item] => {
    return ['rise', { taskType: `${kind}_reasoning`, facts: { reference: 'so', referenceText: 'so' } }]
  }),
]

test.each(everyItem)('what the builtin critic answers is read by %s: %o', (name, item) => {
  const measured = { reasoning: 'Prompt\nCompliance: 2', semantic: 7.4, quality: 2.6 }
  for (const [, { read, write }] of ask(name, item)) {
    const text = write?.(measured) ?? ''
    expect(read({ text, isCut: false })).not.toBeNull()
    expect(read({ text, isCut: true })).toBeNull()
    expect(read({ text: 'I would rather not say.', isCut: false })).toBeNull()
  }
})

test.each([
  ['gedit', 'quality', { taskType: 'color_alter' }, { scores: [3, 3], reasoning: 'so' }],
  ['imgedit', 'rating', { taskType: 'add' }, expect.objectContaining({ scores: expect.any(Array) })],
  ['kris', 'consistency', { taskType: 'color_change' }, { score: 4, reasoning: 'so' }],
  ['kris', 'dual', { taskType: 'physics' }, expect.objectContaining({ instruction: 4, knowledge: 4 })],
  ['rise', 'reasoning', { taskType: 'causal_reasoning', facts: { reference: 'x' } }, { score: 4 }],
  ['rise', 'reasoning', { taskType: 'logical_reasoning', facts: { referenceText: 'x' } }, { score: 0 }],
])('the builtin critic gives the scores that %s asks for in %s', (name, call, item, answer) => {
  const question = ask(name, item).find(([asked]) => asked === call)?.[1]
  const text = question?.write?.({ reasoning: 'so', semantic: 7.4, quality: 2.6 }) ?? ''
  expect(question?.read({ text, isCut: false })).toEqual(answer)
})

test('every text of ours has its placeholders and is asked of some item', () => {
  const asked = everyItem.flatMap(([name, item]) => ask(name, item).map(([, question]) => ({ name, question })))
  const withPictures = everyItem.flatMap(([name, { taskType }]) =>
    [{}, { isReasoningWithInput: true }, { isWithoutQuestion: true }].flatMap(facts =>
      [{}, { reference: 'x' }].flatMap(pictures =>
        ask(name, { taskType, facts, pictures }).map(([, question]) => ({ name, question })),
      ),
    ),
  )
  for (const name of benchmarkNames) {
    const used = [...asked, ...withPictures].flatMap(one => (one.name === name ? [one.question.templateName] : []))
    expect(new Set(used)).toEqual(new Set(Object.keys(rubrics.get(name)?.templates ?? {})))
  }
  for (const { question } of asked) {
    const { text } = renderCall(question, round)
    expect(text).not.toMatch(/\{\w+\}/)
    if (!question.templateName?.startsWith('quality') && !question.templateName?.startsWith('plausibility')) {
      expect(text).toContain('melt it')
    }
  }
})

test('a job of another benchmark, or of none, is asked nothing', () => {
  const kris = rubrics.get('kris')
  const item = { name: 'rise', key: '1', taskType: 'physics', language: 'en' }
  for (const benchmark of [item, null, undefined, 'kris', {}, { ...item, name: 'kris', language: 'de' }]) {
    expect(kris && askRound(kris, benchmark)).toBeNull()
  }
})
