import { v7 } from 'uuid'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { catalog, type ModelParameter } from '../src/catalog.ts'
import { ModelUnavailableError } from '../src/errors.ts'
import { acquireEndpoints } from '../src/fleet/acquire-endpoints.ts'
import { checkParameters } from '../src/fleet/check-parameters.ts'
import { registerWorker } from '../src/fleet/register-worker.ts'
import { resolveModel } from '../src/fleet/resolve-model.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'

describe('the model a job means', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createTestDatabase()
  })
  afterAll(() => database.drop())
  beforeEach(() => database.db.query('truncate model cascade'))

  const editor = (id: string, position: number) => ({
    ...{ id, kinds: ['EDITOR' as const], parameters: [], maxReferences: position, position },
  })

  async function register(...models: ReturnType<typeof editor>[]): Promise<void> {
    await registerWorker(database.db, { workerId: v7(), host: 'h', version: '1', models, endpoints: [] })
  }

  test('may be one that was registered and is not served now', async () => {
    await register(editor('flux', 0))
    const found = await resolveModel(database.db, { kind: 'EDITOR', model: 'flux' })
    expect(found).toEqual({ id: 'flux', kinds: ['EDITOR'], parameters: [], maxReferences: 0 })
    await register({ ...editor('flux', 0), maxReferences: 5 })
    expect(await resolveModel(database.db, { kind: 'EDITOR', model: 'flux' })).toMatchObject({ maxReferences: 5 })
  })

  test('may be one that the catalogue alone knows', async () => {
    const found = await resolveModel(database.db, { kind: 'EDITOR', model: 'builtin-retouch' })
    const parameters = catalog.get('builtin-retouch')?.parameters
    expect(found).toEqual({ id: 'builtin-retouch', kinds: ['EDITOR'], parameters, maxReferences: 0 })
  })

  test('is the first of the fleet file by default, a served one before any other', async () => {
    await register(editor('second', 1), editor('first', 0), editor('third', 2))
    expect((await resolveModel(database.db, { kind: 'EDITOR', model: null })).id).toBe('first')
    const workerId = v7()
    const endpoint = { modelId: 'third', engine: 'openai-images', url: 'http://a/v1', capacity: 1 }
    const ids = await registerWorker(database.db, {
      ...{ workerId, host: 'h', version: '1', models: [editor('third', 2)], endpoints: [endpoint] },
    })
    await acquireEndpoints(database.db, { workerId, wishes: [{ ids: [...ids.values()], upTo: 1 }] })
    expect((await resolveModel(database.db, { kind: 'EDITOR', model: null })).id).toBe('third')
  })

  test.each([
    ['unknown', 'nobody', 'The editor "nobody" is not known here.'],
    ['none where none is registered', null, 'No editor is registered yet'],
    ['of another kind', 'builtin-critic', 'The model "builtin-critic" is no editor.'],
  ])('is unavailable when it is %s', async (_, model, message) => {
    const error = await resolveModel(database.db, { kind: 'EDITOR', model }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ModelUnavailableError)
    expect(String(error)).toContain(message)
  })
})

describe('the parameters of a job', () => {
  const none = { default: null, min: null, max: null, description: '' }
  const parameters: ModelParameter[] = [
    { ...none, name: 'steps', type: 'integer', min: 1, max: 50 },
    { ...none, name: 'scale', type: 'number', min: 0 },
    { ...none, name: 'negative', type: 'string' },
    { ...none, name: 'fast', type: 'boolean' },
  ]
  const check = (value: unknown) => checkParameters(parameters, value, 'settings.editorParameters')

  test('are kept when each fits; those that are null count as left out', () => {
    const given = { steps: 50, scale: 0.5, negative: 'blurry', fast: false }
    expect(check({ ...given, seed: null })).toEqual(given)
    expect(check(null)).toEqual({})
  })

  test.each([
    [{ steps: 0 }, 'steps', 'steps must be at least 1.'],
    [{ steps: 51 }, 'steps', 'steps must be at most 50.'],
    [{ steps: 1.5 }, 'steps', 'steps must be a whole number.'],
    [{ steps: '28' }, 'steps', 'steps must be a whole number.'],
    [{ scale: Number.NaN }, 'scale', 'scale must be a number.'],
    [{ negative: 3 }, 'negative', 'negative must be a text.'],
    [{ negative: 'x'.repeat(9_000) }, 'negative', 'negative must have at most 8000 characters.'],
    [{ fast: 'yes' }, 'fast', 'fast must be true or false.'],
    [{ stepz: 3 }, 'stepz', 'This model has no parameter "stepz"; it takes steps, scale, negative, fast.'],
    [JSON.parse('{"__proto__": 1}'), '__proto__', 'This model has no parameter "__proto__"'],
  ])('%j is refused by name and limit', (value, name, message) => {
    expect(() => check(value)).toThrow(expect.objectContaining({ field: `settings.editorParameters.${name}` }))
    expect(() => check(value)).toThrow(message)
  })

  test.each([[[1]], ['steps'], [7]])('%j is no object of parameters', value => {
    expect(() => check(value)).toThrow(expect.objectContaining({ field: 'settings.editorParameters' }))
  })
})
