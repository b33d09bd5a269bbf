import { describe, expect, test } from 'vitest'
import { catalog } from '../src/catalog.ts'
import { FleetFileError, parseFleet } from '../workers/fleet/fleet-file.ts'

const readFile = (name: string) => {
  throw new Error(`${name} is not there`)
}

function parse(text: string) {
  return parseFleet(text, { path: 'fleet.yaml', env: { BFL_KEY: 'sk-bfl' }, readFile }).models
}

describe('a hosted editor in the fleet file', () => {
  test('is found at its provider, and its model decides what it makes and takes', () => {
    const models = parse(`
editors:
  - { model: flux-kontext-pro, engine: async-job, provider: bfl, keyEnv: BFL_KEY, capacity: 24 }
  - { model: flux-fill, servedModel: flux-pro-1.0-fill, engine: async-job, provider: bfl, keyEnv: BFL_KEY }
  - { model: flux-2-pro, engine: async-job, provider: fal, servedModel: fal-ai/flux-2-pro/edit, kinds: [edit, generate] }
`)
    expect(models).toMatchObject([
      {
        urls: ['https://api.bfl.ai/v1'],
        capacity: 24,
        kinds: ['EDITOR'],
        settings: { engine: 'async-job', provider: 'bfl', servedModel: 'flux-kontext-pro', key: 'sk-bfl' },
      },
      { kinds: ['FILLER'], settings: { servedModel: 'flux-pro-1.0-fill', dialect: { mask: 'mask' } } },
      { urls: ['https://queue.fal.run'], kinds: ['EDITOR', 'GENERATOR'], settings: { key: null } },
    ])
    expect(models[0]?.parameters.map(({ name }) => name)).toEqual(['aspect_ratio', 'safety_tolerance'])
  })

  test('is told its sides where its provider reads sides, and a shape where it reads that', () => {
    const models = parse(`
editors:
  - { model: flux-2-pro, engine: async-job, provider: bfl, keyEnv: BFL_KEY }
  - { model: flux-kontext-max, engine: async-job, provider: bfl, keyEnv: BFL_KEY }
`)
    const namesOf = (index: number) => models[index]?.parameters.map(({ name }) => name)
    expect(namesOf(0)).toEqual(['width', 'height', 'safety_tolerance'])
    expect(namesOf(1)).toEqual(['aspect_ratio', 'safety_tolerance'])
    for (const { model, parameters } of models) expect(catalog.get(model)?.parameters).toEqual(parameters)
  })

  test('of a model that we do not know says how its fields are named', () => {
    const [model] = parse(`
editors:
  - model: m
    engine: async-job
    provider: replicate
    servedModel: someone/something
    url: https://gateway.example.org/replicate/v1/
    pictures: { field: images, as: list }
    maskField: mask_image
`)
    expect(model).toMatchObject({
      urls: ['https://gateway.example.org/replicate/v1'],
      settings: { dialect: { pictures: { field: 'images', as: 'list', max: 8 }, mask: 'mask_image' } },
    })
  })

  test('tells its problems with their lines', () => {
    const text = `editors:
  - { model: a, engine: async-job, provider: midjourney }
  - { model: b, engine: async-job, provider: fal, url: ftp://x }
  - model: c
    engine: async-job
    provider: bfl
    pictures: { field: no good }
`
    const problems = (() => {
      try {
        return parse(text)
      } catch (error) {
        if (error instanceof FleetFileError) return error.problems
        throw error
      }
    })()
    expect(problems).toEqual([
      '2: editors.0.provider must be one of bfl, replicate, fal',
      expect.stringMatching(/^3: editors\.1\.url must be a URL/),
      '7: editors.2.pictures.field must be the name of a field',
    ])
  })
})
