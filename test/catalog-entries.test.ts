import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { catalog } from '../src/catalog.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'

const entries = [...catalog.values()].flatMap(({ id, kinds, servers, hosted }) => [
  ...servers.map(({ server, entry, basePath }) => ({
    name: `${id} on ${server}`,
    kinds,
    entry: { model: id, url: `http://gpu-1:8000${basePath}`, ...entry },
  })),
  ...(hosted && hosted.engine !== 'builtin' ? [{ name: `${id}, hosted`, kinds, entry: { model: id, ...hosted } }] : []),
])

test.each(entries)("$name is a fleet entry that serves the model's kinds", ({ name, kinds, entry }) => {
  const section = kinds.includes('THINKER') ? 'thinkers' : 'editors'
  const env = { OPENAI_API_KEY: 'k', GEMINI_API_KEY: 'k', BFL_API_KEY: 'k' }
  const { models } = parseFleet(stringify({ [section]: [entry] }), { path: 'catalogue', env, readFile: String })
  expect(models).toMatchObject([{ kinds, model: entry.model }])
  if (name.endsWith(', hosted')) expect(models[0]?.maxReferences).toBe(catalog.get(entry.model)?.maxReferences)
  // What a job may set before a worker has registered the model it may set after: at a provider all of it, at servers of
  // one's own what the catalogue gives a default, but for those of OmniGen2, which name guidance in two ways.
  if (entry.model === 'omnigen2-edit') return
  const taken = models[0]?.parameters.map(parameter => parameter.name)
  const all = catalog.get(entry.model)?.parameters ?? []
  const given = name.endsWith(', hosted') ? all : all.filter(parameter => parameter.default !== null)
  expect(taken).toEqual(expect.arrayContaining(given.map(parameter => parameter.name)))
})
