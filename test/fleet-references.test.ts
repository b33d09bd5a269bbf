// How many reference images each entry of a fleet file takes, and what the API is told of it.

import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import { parseFleet } from '../workers/fleet/fleet-file.ts'
import { registerFleet } from '../workers/fleet-beat.ts'
import { createTestDatabase } from './support/database.ts'

const node = (class_type: string, inputs: Record<string, unknown>) => ({ class_type, inputs })
const workflow = {
  1: node('LoadImage', { image: 'a.png' }),
  2: node('LoadImage', { image: 'b.png' }),
  3: node('LoadImage', { image: 'c.png' }),
  4: node('KSampler', { seed: 1, text: '', images: [['1', 0]] }),
  5: node('SaveImage', { images: ['4', 0] }),
}
const bindings = 'image: 1.inputs.image, prompt: 4.inputs.text, seed: 4.inputs.seed'

function parse(...entries: string[]) {
  const text = `editors:\n${entries.map(entry => `  - { ${entry} }\n`).join('')}`
  return parseFleet(text, { path: 'fleet.yaml', env: {}, readFile: () => JSON.stringify(workflow) })
}

const images = 'engine: openai-images, url: http://a/v1'
const comfy = `engine: comfyui, url: http://a, workflow: w.json, bindings: { ${bindings}, references: [2.inputs.image, 3.inputs.image] }`

test.each([
  ['beside the source of an edit, of the sixteen pictures of a call', `model: m, ${images}, profile: openai`, 15],
  ['without a source, all sixteen', `model: m, ${images}, profile: openai, kinds: [generate]`, 16],
  ['any number where the model decides and nobody knows it', `model: m, ${images}, profile: vllm-omni`, null],
  ['what the catalogue knows of the model', `model: qwen-image-edit-2511, ${images}, profile: vllm-omni`, 3],
  ['none where the model edits one picture', `model: flux-kontext-dev, ${images}, profile: vllm-omni`, 0],
  ['what the file says', `model: qwen-image-edit-2511, ${images}, profile: vllm-omni, maxReferences: 1`, 1],
  ['any number if the file says so', `model: flux-kontext-dev, ${images}, maxReferences: null`, null],
  ['no more than a call holds, whatever the file says', `model: m, ${images}, profile: openai, maxReferences: 40`, 15],
  ["none at the paper's services", 'model: m, engine: editthinker, service: qwen_edit_api, url: http://a', 0],
  ['as many as the workflow has places for', `model: flux-kontext-dev, ${comfy}`, 2],
  ['fewer where the file says so', `model: m, ${comfy}, maxReferences: 1`, 1],
  ['as many as the provider takes', 'model: flux-2-pro, engine: async-job, provider: bfl', 7],
  [
    'none where it takes one picture',
    'model: m, engine: async-job, provider: fal, servedModel: fal-ai/qwen-image-edit',
    0,
  ],
  ['none at the builtin editor', 'model: builtin-retouch, engine: builtin', 0],
])('an editor takes %s', (_, entry, maxReferences) => {
  expect(parse(entry).models).toMatchObject([{ maxReferences }])
})

test("the paper's services leave nothing to say of it", () => {
  const entry = 'model: m, engine: editthinker, service: qwen_edit_api, url: http://a, maxReferences: 2'
  expect(() => parse(entry)).toThrow('editors.0.maxReferences is not known here')
})

test('of a model with several servers the least holds', async () => {
  const database = await createTestDatabase()
  try {
    const served = 'engine: openai-images, profile: vllm-omni'
    const fleet = parse(
      `model: many, ${served}, url: http://a/v1`,
      `model: many, ${served}, url: http://b/v1, maxReferences: 3`,
      `model: many, ${served}, url: http://c/v1, maxReferences: 5`,
      `model: any, ${served}, url: http://a/v1`,
    )
    const engine = { editor: null, thinker: null, probe: null }
    await registerFleet(database.db, { workerId: v7(), host: 'h', version: '1' }, fleet, () => engine)
    const { rows } = await database.db.query('select id, max_references as most from model order by id')
    expect(rows).toEqual([
      { id: 'any', most: null },
      { id: 'many', most: 3 },
    ])
  } finally {
    await database.drop()
  }
})
