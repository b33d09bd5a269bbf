import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalog } from '../src/catalog.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'

const read = (name: string) => readFile(join(import.meta.dirname, '..', name), 'utf8')
const env = { BFL_API_KEY: 'k' }

/** The fleet files shown in a page. */
async function readFleets(name: string): Promise<string[]> {
  const blocks = [...(await read(name)).matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text)
  return blocks.filter(text => /^(editors|thinkers):/m.test(text))
}

/** What the shown files name beside them: a workflow of the usual nodes, or a template. */
function readFileBeside(name: string): string {
  if (!name.endsWith('.json')) return 'Look: {original_instruction}'
  const node = (class_type: string, inputs: Record<string, unknown>) => ({ class_type, inputs })
  return JSON.stringify({
    3: node('KSampler', { seed: 1, steps: 28, positive: ['6', 0], latent_image: ['10', 0] }),
    6: node('CLIPTextEncode', { text: '' }),
    9: node('SaveImage', { images: ['3', 0], filename_prefix: 'edit' }),
    10: node('LoadImage', { image: 'source.png' }),
  })
}

describe.each(['README.md', 'docs/fleet.md', 'docs/from-editthinker.md'])('%s', page => {
  it('shows fleet files that are read without a problem and name models of the catalogue', async () => {
    const texts = await readFleets(page)
    expect(texts.length).toBeGreaterThan(0)
    for (const text of texts) {
      const { models } = parseFleet(text, { path: page, env, readFile: readFileBeside })
      for (const { model } of models) expect([...catalog.keys()]).toContain(model)
    }
  })

  it('starts models that the catalogue can start', async () => {
    const named = [...(await read(page)).matchAll(/fleet start ([a-z][a-z0-9.-]*)/g)].map(([, model = '']) => model)
    expect(named.length).toBeGreaterThan(0)
    for (const model of named) expect(catalog.get(model)?.servers.length, model).toBeGreaterThan(0)
  })
})

it('docs/fleet.md shows a fleet file for every engine', async () => {
  const engines = (await readFleets('docs/fleet.md')).flatMap(text => text.match(/engine: [a-z-]+/g) ?? [])
  expect(engines).toEqual(
    expect.arrayContaining(
      ['openai-images', 'editthinker', 'async-job', 'comfyui', 'openai-chat'].map(engine => `engine: ${engine}`),
    ),
  )
})

it('docs/from-editthinker.md names a model for each of the nine services', async () => {
  const page = await read('docs/from-editthinker.md')
  const served = [...catalog.values()].filter(({ servers }) => servers.some(({ server }) => server === 'paper'))
  expect(served).toHaveLength(9)
  for (const { id } of served) expect(page).toContain(`\`${id}\``)
})
