import { describe, expect, test } from 'vitest'
import { fluxModels } from '../src/catalog/flux.ts'
import { hostedEditors } from '../src/catalog/hosted-editors.ts'
import { openEditors } from '../src/catalog/open-editors.ts'
import { qwenImageModels } from '../src/catalog/qwen-image.ts'
import { thinkers } from '../src/catalog/thinkers.ts'
import { catalog, type ModelServer } from '../src/catalog.ts'
import { checkParameters } from '../src/fleet/check-parameters.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'

const models = [...catalog.values()]

describe('the catalogue', () => {
  test('lists every model of every family once', () => {
    const families = [qwenImageModels, fluxModels, openEditors, hostedEditors, thinkers].flat()
    expect(catalog.size).toBe(families.length + 2) // the builtin ones
    expect(new Set(families.map(model => model.name)).size).toBe(families.length)
  })

  test("starts each of the paper's nine services on its port", () => {
    const services = models.flatMap(({ id, kinds, servers }) =>
      servers.filter(({ server }) => server === 'paper').map(({ port, argv }) => [port, id, kinds[0], argv.join(' ')]),
    )
    expect(services.sort()).toEqual([
      [8000, 'qwen-image', 'GENERATOR', 'python apis/qwen_generation_api.py'],
      [8001, 'qwen-image-lightning', 'GENERATOR', 'python apis/qwen_generation_lightning_api.py'],
      [8002, 'flux-krea-dev', 'GENERATOR', 'python apis/flux_generation_api.py'],
      [8003, 'qwen-image-edit', 'EDITOR', 'python apis/qwen_edit_api.py'],
      [8004, 'qwen-image-edit-lightning', 'EDITOR', 'python apis/qwen_edit_lightning_api.py'],
      [8005, 'flux-kontext-dev', 'EDITOR', 'python apis/flux_edit_api.py'],
      [8006, 'flux-fill-dev', 'FILLER', 'python apis/flux_fill_api.py'],
      [8007, 'omnigen2-edit', 'EDITOR', 'python apis/omnigen2_edit_api.py'],
      [8010, 'longcat-image-edit', 'EDITOR', 'python apis/longcat_edit_api.py'],
    ])
  })

  test.each(models)('says of $id what a job may set, how big its pictures are and what its licence is', model => {
    const { parameters, kinds, size, license } = model
    const isThinker = kinds.includes('THINKER')
    expect(license).not.toBe('')
    if (isThinker) expect({ kinds, parameters, size }).toEqual({ kinds: ['THINKER'], parameters: [], size: null })
    expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length)
    const defaults = Object.fromEntries(parameters.map(({ name, default: value }) => [name, value]))
    expect(checkParameters(parameters, defaults, 'defaults')).toBeTypeOf('object')
    for (const { description } of parameters) expect(description).toMatch(/\.$/)
  })

  test.each(models)('knows where $id is served: on a GPU host, elsewhere or here', ({ id, servers, hosted }) => {
    const needsWorkflow = ['step1x-edit']
    if (!needsWorkflow.includes(id)) expect(servers.length + Number(hosted !== null)).toBeGreaterThan(0)
    const kinds = servers.map(({ server }) => server)
    expect(new Set(kinds).size).toBe(kinds.length)
  })
})

describe('a server of the catalogue', () => {
  const all = models.flatMap(({ id, servers }) => servers.map((server): [string, ModelServer] => [id, server]))

  test.each(all.map(([id, server]) => [`${id} on ${server.server}`, server] as const))(
    '%s can be told its port',
    (_, server) => {
      const { argv, port, gpus, healthPath, basePath } = server
      expect(argv.includes('{port}')).toBe(port === null)
      expect(argv.includes('{gpus}')).toBe(
        server.server === 'sglang' ? argv[0] === 'sglang' || gpus !== 1 : gpus !== 1 && gpus !== 'all',
      )
      expect([healthPath, basePath]).toEqual(['/health', port === null ? '/v1' : ''])
    },
  )
})

describe("a fleet entry's parameters", () => {
  const parametersOf = (entry: string) => {
    const { models: read } = parseFleet(`editors: [{ engine: openai-images, url: http://a/v1, ${entry} }]`, {
      ...{ path: 'fleet.yaml', env: {}, readFile: () => '' },
    })
    return new Map(read[0]?.parameters.map(parameter => [parameter.name, parameter]))
  }

  test('have the defaults and ranges of the catalogue', () => {
    const parameters = parametersOf('model: qwen-image-edit, profile: vllm-omni')
    expect(parameters.get('num_inference_steps')).toMatchObject({ type: 'integer', default: 50, min: 1, max: 100 })
    expect(parameters.get('true_cfg_scale')).toMatchObject({ default: 4, max: 7.5 })
    expect(parameters.get('strength')).toMatchObject({ default: null, max: 1 })
  })

  test('are what the file says where it says something', () => {
    const parameters = parametersOf('model: flux-kontext-dev, profile: vllm-omni, parameters: { guidance_scale: 3.5 }')
    expect(parameters.get('guidance_scale')).toMatchObject({ default: 3.5, min: 0, max: 7.5 })
    expect(parameters.get('num_inference_steps')).toMatchObject({ default: 28 })
  })

  test("are the profile's for a model that the catalogue does not know", () => {
    const parameters = parametersOf('model: mine, profile: sglang')
    expect(parameters.get('num_inference_steps')).toMatchObject({ default: null, max: 200 })
  })
})
