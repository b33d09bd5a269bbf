import { expect, test } from 'vitest'
import type { ImageRef } from '../src/jobs/start-stage.ts'
import { fromTaskCall, toTaskCall } from '../src/judging/judge-task.ts'
import { overallRubric } from '../src/judging/overall-rubric.ts'
import { renderCall } from '../src/judging/render-call.ts'
import type { JudgeQuestion } from '../src/judging/rubric.ts'

const overall = overallRubric.calls[0]?.ask(null)
const read = (text: string, isCut = false) => overall?.read({ text, isCut })
const whole = { semantic: 9, quality: 4.5, reasoning: 'so' }

test.each([
  ['plain', '{"reasoning": "so", "semantic": 9, "quality": 4.5}', whole],
  ['fenced and talked about', 'Here:\n```json\n{"reasoning": "so", "semantic": 9, "quality": 4.5}\n```\nDone.', whole],
  ['after thoughts with braces', '<think>{"semantic": 1}</think>{"reasoning":"so","semantic":9,"quality":4.5}', whole],
  ['out of ten', '{"reasoning": "so", "semantic": "9/10", "quality": "4.5"}', whole],
  ['broken JSON', "{reasoning: 'so', semantic: 9, quality: 4.5", whole],
  ['without reasoning', '{"semantic": 0, "quality": 10}', { semantic: 0, quality: 10, reasoning: null }],
])('an answer that is %s is read', (_, text, answer) => {
  expect(read(text)).toEqual(answer)
})

test.each([
  ['words', 'Very good, 9 and 4.5.'],
  ['nothing', ''],
  ['one score', '{"semantic": 9}'],
  ['a score out of range', '{"semantic": 11, "quality": 4}'],
  ['a negative score', '{"semantic": 9, "quality": -1}'],
  ['a score in words', '{"semantic": "nine", "quality": 4}'],
  ['the example', '{"semantic": null, "quality": null}'],
  ['a list', '[9, 4.5]'],
])('an answer of %s is not guessed at', (_, text) => {
  expect(read(text)).toBeNull()
})

test('an answer that was cut is not repaired', () => {
  expect(read('{"semantic": 9, "quality": 1', true)).toBeNull()
})

const image = (id: string): ImageRef => ({
  ...{ id, objectKey: id, contentType: 'image/png', width: 1, height: 1, byteSize: 1, sha256: id },
})
const input = {
  instruction: 'write {prompt} on it',
  prompt: 'paint {instruction}',
  source: image('s'),
  edited: image('e'),
  references: [image('r1'), image('r2')],
  pictures: { truth: image('t') },
}

test('a question has the words in their places, and the pictures in its own order', () => {
  const call: JudgeQuestion = {
    template: '{instruction} / <order> / {prompt} / {why} / {other}',
    ...{ templateName: null, instructionMarks: ['<order>'], fields: { '{why}': 'so {prompt}' } },
    ...{ preparation: 'served', temperature: null, maxTokens: null },
    images: [
      { of: 'edited', label: 'E {n}' },
      { of: 'references', label: 'R {n}' },
      { of: 'references', at: 1, label: 'again' },
      { of: 'picture', name: 'truth', label: 'T' },
      { of: 'source', label: '' },
    ],
    read: () => null,
    write: null,
  }
  const rendered = renderCall(call, input)
  expect(rendered.text).toBe(
    'write {prompt} on it / write {prompt} on it / paint {instruction} / so {prompt} / {other}',
  )
  expect(rendered.pictures.map(({ label, image: { id } }) => [label, id])).toEqual([
    ['E 1', 'e'],
    ['R 2', 'r1'],
    ['R 3', 'r2'],
    ['again', 'r2'],
    ['T', 't'],
    ['', 's'],
  ])
  const generated = renderCall(call, { ...input, source: null, references: [], pictures: {} })
  expect(generated.pictures.map(({ image: { id } }) => id)).toEqual(['e'])
})

test('a task counts questions and asks in one number', () => {
  const all = [1, 2, 3].flatMap(question => [1, 2, 3].map(ask => ({ question, ask })))
  expect(all.map(({ question, ask }) => toTaskCall(question, ask))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(all.map(({ question, ask }) => fromTaskCall(toTaskCall(question, ask)))).toEqual(all)
})
