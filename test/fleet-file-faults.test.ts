import { describe, expect, test } from 'vitest'
import { FleetFileError, parseFleet } from '../workers/fleet/fleet-file.ts'

function problemsOf(text: string): readonly string[] {
  const readFile = () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  }
  const env = { TWO_LINES: 'sk-1\nsk-2' }
  try {
    parseFleet(text, { path: 'fleet.yaml', env, readFile })
  } catch (error) {
    if (error instanceof FleetFileError) return error.problems
    throw error
  }
  return []
}

const places = (text: string) => problemsOf(text).map(problem => problem.replace(/: ([^ ]+) .*/, ' $1'))

describe('faults of one entry hide none of another sort', () => {
  test('of form, of fields among each other, of the environment and of other files', () => {
    const text = `thinkers:
  - model: t
    engine: openai-chat
    style: tagged
    capacity: none
    temperature: 9
    capasity: 3
    keyEnv: NO_KEY
    critiqueTemplate: missing.txt
    url: http://t/v1
    urls: [http://t/v1]
`
    expect(places(text)).toEqual([
      '5 thinkers.0.capacity',
      '6 thinkers.0.temperature',
      '7 thinkers.0.capasity',
      '8 thinkers.0.keyEnv',
      '9 thinkers.0.critiqueTemplate',
      '10 thinkers.0.url',
    ])
  })

  test('of an engine that nobody knows, whose own fields and needs cannot be told', () => {
    const text = `editors:
  - model: e
    engine: confyui
    workflow: w.json
    capacity: none
    capasity: 3
    keyEnv: NO_KEY
`
    expect(places(text)).toEqual([
      '3 editors.0.engine',
      '5 editors.0.capacity',
      '6 editors.0.capasity',
      '7 editors.0.keyEnv',
    ])
  })

  test('of a name that stands twice, and of an endpoint listed twice with a fault', () => {
    const text = `editors:
  - { model: e, engine: openai-images, url: http://a/v1, url: http://b/v1 }
  - { model: e, engine: openai-images, url: http://b/v1, capacity: 0 }
`
    expect(places(text)).toEqual(['2 Map', '3 editors.1.capacity', '3 editors.1'])
  })
})

const images = 'engine: openai-images'
const paper = 'model: qwen-image-edit, engine: editthinker, service: qwen_edit_api, url: http://a'

test.each([
  ['an alias of nothing', 'editors:\n  - *gpu', '2: *gpu stands for nothing'],
  [
    'aliases that multiply',
    `a: &a [1]\nb: &b [${'*a,'.repeat(30)}]\neditors: [${'*b,'.repeat(30)}]`,
    '1: repeats its aliases too often',
  ],
  [
    'a default that the model refuses',
    `editors: [{ ${paper}, parameters: { guidance_scale: 25 } }]`,
    '1: editors.0.parameters.guidance_scale must be at most 7.5 by default',
  ],
  [
    'a default of another type',
    `editors: [{ ${paper}, parameters: { num_inference_steps: fifty } }]`,
    '1: editors.0.parameters.num_inference_steps must be a whole number by default',
  ],
  [
    'a range without a value',
    `editors: [{ model: e, ${images}, url: http://a/v1, parameters: { x: { type: number, min: 2, max: 1 } } }]`,
    '1: editors.0.parameters.x has a min above its max',
  ],
  [
    'one server by two spellings',
    `editors: [{ model: e, ${images}, urls: [http://GPU:80/v1, http://gpu/v1/] }]`,
    '1: editors.0 lists e at http://gpu/v1 a second time',
  ],
  [
    'one model for two kinds of job',
    `editors: [{ model: e, ${images}, url: http://a/v1 }, { model: e, ${images}, url: http://b/v1, kinds: [fill] }]`,
    '1: editors.1 lists e for other kinds of job',
  ],
  [
    'a key that no header can carry',
    `editors: [{ model: e, ${images}, url: http://a/v1, keyEnv: TWO_LINES }]`,
    '1: editors.0.keyEnv the environment variable TWO_LINES holds more than a key',
  ],
])('%s is told', (_, text, problem) => {
  expect(problemsOf(text).join('\n')).toContain(problem)
  expect(problemsOf(text).join('\n')).not.toContain('sk-')
})
