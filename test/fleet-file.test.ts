import { describe, expect, test } from 'vitest'
import { FleetFileError, onlyModel, parseFleet } from '../workers/fleet/fleet-file.ts'

const env = { GPU_KEY: 'sk-from-env' }
const templates: Record<string, string> = { 'ours.txt': 'Look: {original_instruction}\r\n', 'bare.txt': 'Look.' }

function parse(text: string) {
  const readTemplate = (name: string) => {
    const found = templates[name]
    if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return found
  }
  return parseFleet(text, { path: 'fleet.yaml', env, readFile: readTemplate })
}

function problemsOf(text: string): readonly string[] {
  try {
    parse(text)
  } catch (error) {
    if (error instanceof FleetFileError) return error.problems
    throw error
  }
  return []
}

describe('a fleet file', () => {
  test('in the documented form gives an editor and a thinker with their defaults', () => {
    const { models } = parse(`
editors:
  - { model: flux-kontext-dev, engine: openai-images, profile: vllm-omni, urls: [http://gpu-1:8000/v1, http://gpu-2:8000/v1/], capacity: 1 }   # capacity per url
thinkers:
  - { model: editthinker-8b, engine: openai-chat, style: tagged, urls: [http://gpu-9:8000/v1], capacity: 32 }
`)
    expect(models).toMatchObject([
      {
        kinds: ['EDITOR'],
        model: 'flux-kontext-dev',
        position: 0,
        urls: ['http://gpu-1:8000/v1', 'http://gpu-2:8000/v1'],
        capacity: 1,
        deadlineMs: 600_000,
        restoresSize: true,
        settings: { engine: 'openai-images', profile: 'vllm-omni', servedModel: 'flux-kontext-dev', key: null },
      },
      {
        kinds: ['THINKER'],
        model: 'editthinker-8b',
        position: 1,
        capacity: 32,
        deadlineMs: 360_000,
        restoresSize: false,
        settings: { engine: 'openai-chat', style: 'tagged', critiqueTemplate: null },
      },
    ])
    expect(models[0]?.parameters.map(parameter => parameter.name)).toContain('num_inference_steps')
  })

  test('takes keys from the environment and template files byte for byte', () => {
    const { models } = parse(`
thinkers:
  - model: gpt
    servedModel: gpt-4.1
    engine: openai-chat
    style: tagged
    url: https://api.example.org/v1
    key: \${ENV:GPU_KEY}
    critiqueTemplate: ours.txt
    temperature: null
    deadlineSeconds: 30
editors:
  - { model: e, engine: openai-images, url: https://api.example.org/v1, keyEnv: GPU_KEY }
`)
    expect(models[1]).toMatchObject({ deadlineMs: 30_000, urls: ['https://api.example.org/v1'] })
    expect(models[1]?.settings).toMatchObject({
      servedModel: 'gpt-4.1',
      key: 'sk-from-env',
      critiqueTemplate: 'Look: {original_instruction}\r\n',
      temperature: null,
    })
    expect(models[0]?.settings).toMatchObject({ key: 'sk-from-env' })
  })

  test('names parameters with a value or in full, over those of the profile', () => {
    const { models } = parse(`
editors:
  - model: e
    engine: openai-images
    profile: sglang
    url: http://a/v1
    parameters:
      num_inference_steps: 28
      true_cfg_scale: { type: number, default: 4, min: 1, max: 10 }
      lora: { type: string, description: A LoRA by name. }
`)
    const parameters = new Map(models[0]?.parameters.map(parameter => [parameter.name, parameter]))
    expect(parameters.get('num_inference_steps')).toMatchObject({ type: 'integer', default: 28, min: 1, max: 200 })
    expect(parameters.get('true_cfg_scale')).toMatchObject({ type: 'number', default: 4, min: 1, max: 10 })
    expect(parameters.get('lora')).toMatchObject({ type: 'string', default: null, description: 'A LoRA by name.' })
    expect(parameters.get('negative_prompt')).toMatchObject({ type: 'string', default: null })
  })

  test('may list the builtin models, by default with a call a core', () => {
    const { models } = parse(`
editors: [{ model: builtin-retouch, engine: builtin }]
thinkers: [{ model: builtin-critic, engine: builtin, capacity: 3 }]
`)
    expect(models.map(model => model.capacity)).toEqual([expect.any(Number), 3])
    expect(models.every(model => model.urls.length === 0 && !model.restoresSize)).toBe(true)
  })

  test('is narrowed to one model, which keeps its place', () => {
    const fleet = parse(`
editors: [{ model: a, engine: openai-images, url: http://a/v1 }, { model: b, engine: openai-images, url: http://a/v1 }]
`)
    expect(onlyModel(fleet, 'b').models).toMatchObject([{ model: 'b', position: 1 }])
    expect(() => onlyModel(fleet, 'c')).toThrow('The fleet has no model "c"; it lists a, b.')
  })
})

describe('a faulty fleet file', () => {
  test('tells every problem at once, each with its line', () => {
    const problems = problemsOf(`editors:
  - model: flux
    engine: openai-images
    urls: [gpu-1:8000]
    capacity: 0
    profil: sglang
  - { model: "not a name", engine: openai-images, url: "http://user:pw@a/v1", key: sk-plain }
thinkers:
  - model: t
    engine: openai-chat
    style: yaml
    url: http://t/v1
    urls: [http://t/v1]
`)
    expect(problems.map(problem => problem.replace(/: ([^ ]+) .*/, ' $1'))).toEqual([
      '4 editors.0.urls.0',
      '5 editors.0.capacity',
      '6 editors.0.profil',
      '7 editors.1.model',
      '7 editors.1.url',
      '7 editors.1.key',
      '11 thinkers.0.style',
      '12 thinkers.0.url',
    ])
    expect(problems.join('\n')).not.toContain('pw')
  })

  test('tells faults of the environment, of other files and of repeats beside those of form', () => {
    const problems = problemsOf(`editors:
  - { model: a, engine: openai-images, url: http://a/v1, capacity: 0 }
  - { model: b, engine: openai-images, url: http://b/v1, keyEnv: NO_KEY }
  - { model: b, engine: openai-images, url: http://b/v1 }
  - { model: c, engine: magic, url: http://c/v1 }
thinkers:
  - { model: t, engine: openai-chat, style: json, url: http://t/v1, polishTemplate: no.txt }
judges: []
`)
    expect(problems.map(problem => problem.replace(/: ([^ ]+) .*/, ' $1'))).toEqual([
      '2 editors.0.capacity',
      '3 editors.1.keyEnv',
      '4 editors.2',
      '5 editors.3.engine',
      '7 thinkers.0.polishTemplate',
      '8 judges',
    ])
  })

  test.each([
    [
      'an unset key',
      'thinkers: [{ model: t, engine: openai-chat, style: json, url: http://t/v1, keyEnv: NO_KEY }]',
      'NO_KEY is not set',
    ],
    [
      'a missing template',
      'thinkers: [{ model: t, engine: openai-chat, style: json, url: http://t/v1, polishTemplate: no.txt }]',
      'cannot be read (ENOENT)',
    ],
    [
      'a template without its place',
      'thinkers: [{ model: t, engine: openai-chat, style: tagged, url: http://t/v1, critiqueTemplate: bare.txt }]',
      'has no {original_instruction}',
    ],
    ['no server', 'editors: [{ model: e, engine: openai-images }]', 'must name its servers: url or urls'],
    [
      'both forms',
      'editors: [{ model: e, engine: openai-images, url: http://a, urls: [http://b] }]',
      'give url or urls, not both',
    ],
    [
      'one endpoint twice',
      'editors: [{ model: e, engine: openai-images, urls: [http://a, http://a/] }]',
      'a second time',
    ],
    [
      'a fill where masks are ignored',
      'editors: [{ model: e, engine: openai-images, profile: sglang, url: http://a, kinds: [edit, fill] }]',
      'editors.0.kinds cannot hold fill: servers of the profile sglang ignore masks',
    ],
    ['an unknown engine', 'editors: [{ model: e, engine: magic, url: http://a }]', 'engine'],
    ['nothing in it', '# empty', 'lists no editor and no thinker'],
    ['broken YAML', 'editors: [{ model: e', '1:'],
    ['a repeated name', 'editors: []\neditors: []', '2:'],
  ])('%s is told', (_, text, part) => {
    expect(problemsOf(text).join('\n')).toContain(part)
  })
})
