import { afterEach, describe, expect, test } from 'vitest'
import { comfyuiEditor } from '../workers/engines/comfyui.ts'
import type { EditRequest, Submission } from '../workers/engines/engine.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { FleetFileError, parseFleet } from '../workers/fleet/fleet-file.ts'
import { comfyBindings as bindings, comfyWorkflow as workflow } from './support/comfy-workflow.ts'
import { editRequest } from './support/edit-request.ts'
import { failureOf } from './support/failure-of.ts'
import { type FakeComfyui, startFakeComfyui } from './support/fake-comfyui.ts'
import type { FakeBehavior } from './support/fake-model-server.ts'
import { noisePng } from './support/pictures.ts'
import { storedSubmission } from './support/stored-submission.ts'
import { until } from './support/until.ts'

const http = makeHttpClient({ maxAnswerBytes: 200_000 })
let server: FakeComfyui | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp(given = workflow) {
  server = await startFakeComfyui()
  const editor = comfyuiEditor(http, { baseUrl: server.url, key: null, workflow: given, bindings }, { pollMs: 20 })
  const source = { bytes: await noisePng(), contentType: 'image/png' }
  const edit = (more: Partial<EditRequest> = {}, submission?: Submission, signal = new AbortController().signal) =>
    editor.edit(editRequest({ prompt: 'a sky', source, seed: 7, ...more }), signal, submission)
  return { server, source, edit }
}

const submits = ({ requests }: FakeComfyui) => requests.filter(request => request === 'POST /prompt')

describe('one edit by a workflow', () => {
  test('is filled in, queued under an id that was stored before, and fetched', async () => {
    const { server, source, edit } = await setUp()
    const { submission, stored, writes } = storedSubmission()
    const { picture } = await edit({ parameters: { cfg: 6 } }, submission)
    expect(picture.contentType).toBe('image/png')
    expect(writes).toEqual(['accept'])
    const [prompt] = server.prompts
    expect(JSON.parse(stored.remote ?? '')).toMatchObject({ engine: 'comfyui', promptId: prompt?.id })
    const [name, bytes] = [...server.inputs][0] ?? []
    expect(bytes).toEqual(source.bytes)
    expect(name).toMatch(/^pentimento\/[0-9a-f]{32} \(1\)\.png$/)
    expect(prompt?.graph).toEqual({
      ...workflow,
      3: { ...workflow[3], inputs: { ...workflow[3].inputs, seed: 7, cfg: 6 } },
      6: { ...workflow[6], inputs: { text: 'a sky' } },
      9: { ...workflow[9], inputs: { ...workflow[9].inputs, filename_prefix: `edit-${prompt?.id}` } },
      10: { ...workflow[10], inputs: { image: name } },
    })
  })

  test('is found again by the next attempt, or submitted again under the same id', async () => {
    const { server, edit } = await setUp()
    server.hold = true
    const first = storedSubmission()
    const leaving = new AbortController()
    const call = edit({}, first.submission, leaving.signal)
    await until('it runs', () => server.prompts[0]?.state === 'running')
    leaving.abort(new Error('drained'))
    await expect(call).rejects.toThrow('drained')
    server.hold = false
    await edit({}, storedSubmission(first.stored.remote).submission)
    expect(submits(server)).toHaveLength(1)
    const promptId = '0193b8d0-0000-7000-8000-000000000001'
    const remote = JSON.stringify({ engine: 'comfyui', baseUrl: server.url, promptId })
    await edit({}, storedSubmission(remote).submission)
    expect(server.prompts.map(({ id }) => id)).toContain(promptId)
  })

  test('whose id is taken at the submit is waited for', async () => {
    const { server, edit } = await setUp()
    server.behaveNext('/prompt', { does: 'answer' })
    await edit()
    const promptId = server.prompts[0]?.id
    server.behaveNext('/history', { does: 'nonsense', body: '{}' }, { does: 'nonsense', body: '{}' })
    const remote = JSON.stringify({ engine: 'comfyui', baseUrl: server.url, promptId })
    await edit({}, storedSubmission(remote).submission)
    expect(submits(server)).toHaveLength(2)
    expect(server.prompts).toHaveLength(1)
  })

  test.each(['canceled', 'timedOut'] as const)('that is %s is stopped there, and no other', async why => {
    const { server, edit } = await setUp()
    server.hold = true
    const { submission, stored } = storedSubmission(null, why)
    const controller = new AbortController()
    const call = edit({}, submission, controller.signal)
    const other = edit()
    await until('both run', () => server.prompts.filter(({ state }) => state === 'running').length === 2)
    controller.abort(new Error(why))
    await expect(call).rejects.toThrow(why)
    expect(stored.remote).toBeNull()
    server.hold = false
    await other
    expect(server.prompts.filter(({ error }) => error === 'interrupted')).toHaveLength(1)
  })

  test('whose nodes were all cached takes the picture of the run before', async () => {
    const preview = { ...workflow, 9: { class_type: 'PreviewImage', inputs: { images: ['3', 0] } } }
    const { server, edit } = await setUp(preview as unknown as typeof workflow) // no prefix: that is the point
    server.cachesAll = true
    const first = await edit()
    expect((await edit()).picture).toEqual(first.picture)
    expect(server.prompts).toHaveLength(2)
  })

  test('that failed names its node, and the next attempt has a new id', async () => {
    const { server, edit } = await setUp()
    server.failIn = '3'
    const { submission, writes } = storedSubmission()
    const error = await failureOf(edit({}, submission))
    expect(error).toMatchObject({ kind: 'failed', message: 'The workflow failed in node 3 (KSampler).' })
    expect(writes).toEqual(['accept', 'forget'])
  })

  test('that is refused names its node and input', async () => {
    const { edit } = await setUp()
    const error = await failureOf(edit({ parameters: { cfg: 1_000 } }))
    expect(error).toMatchObject({ kind: 'rejected', code: 'WORKFLOW_REFUSED' })
    expect(error.message).toBe('The model server refuses the workflow at node 3 (KSampler), input cfg.')
  })

  test('that a restarted server has forgotten is over', async () => {
    const { server, edit } = await setUp()
    server.hold = true
    const { submission, stored } = storedSubmission()
    const call = failureOf(edit({}, submission))
    await until('it runs', () => server.prompts[0]?.state === 'running')
    ;(server.prompts as unknown[]).length = 0 // a new process knows none
    expect(await call).toMatchObject({ kind: 'failed', code: 'SUBMISSION_LOST' })
    expect(stored.remote).toBeNull()
  })

  const busy: FakeBehavior = { does: 'refuse', status: 429, headers: { 'retry-after': '7' } }
  test.each([
    ['/upload', busy, 'busy', 'ENGINE_BUSY'],
    ['/prompt', busy, 'busy', 'ENGINE_BUSY'],
    ['/prompt', { does: 'refuse', status: 500 }, 'failed', 'ENGINE_FAILED'],
    ['/prompt', { does: 'breakOff' }, 'failed', 'ENGINE_UNREACHABLE'],
    ['/history', { does: 'nonsense' }, 'failed', 'ENGINE_ANSWER_UNREADABLE'],
    ['/view', { does: 'breakOff' }, 'failed', 'ENGINE_UNREACHABLE'],
    ['/view', { does: 'nonsense' }, 'failed', 'ENGINE_ANSWER_UNREADABLE'],
  ] as const)('whose %s goes wrong is told apart', async (path, behavior, kind, code) => {
    const { server, edit } = await setUp()
    server.behaveNext(path, behavior)
    const error = await failureOf(edit())
    expect(error).toMatchObject({ kind, code, retryAfterMs: kind === 'busy' ? 7_000 : null })
  })
})

describe('a workflow in the fleet file', () => {
  const files: Record<string, string> = {
    'good.json': JSON.stringify(workflow),
    'editor.json': '{"nodes": [], "links": []}',
    'cut.json': '{\n  "3": {\n',
    'dangling.json': JSON.stringify({ 3: { class_type: 'A', inputs: { model: ['77', 0] } } }),
  }
  const parse = (text: string) =>
    parseFleet(text, { path: 'fleet.yaml', env: {}, readFile: name => files[name] ?? '' }).models

  test('is bound by ids and titles, and its other bindings are parameters', () => {
    const [model] = parse(`
editors:
  - model: step1x
    engine: comfyui
    url: http://gpu-3:8188
    workflow: good.json
    bindings: { image: 10.inputs.image, prompt: The words.inputs.text, seed: 3.inputs.seed, cfg: 3.inputs.cfg }
    parameters: { cfg: { type: number, default: 5, min: 1, max: 20 } }
`)
    expect(model?.settings).toEqual({ engine: 'comfyui', key: null, workflow, bindings })
    expect(model?.parameters).toMatchObject([{ name: 'cfg', type: 'number', default: 5, min: 1, max: 20 }])
  })

  test('whose number is whole takes a fraction by default, and is a number then', () => {
    const entry = 'model: step1x, engine: comfyui, url: "http://a", workflow: good.json'
    const bound = '{ image: 10.inputs.image, prompt: 6.inputs.text, seed: 3.inputs.seed, steps: 3.inputs.steps }'
    const parseWith = (steps: number) =>
      parse(`editors: [{ ${entry}, bindings: ${bound}, parameters: { steps: ${steps} } }]`)[0]?.parameters
    expect(parseWith(30)).toMatchObject([{ name: 'steps', type: 'integer', default: 30 }])
    expect(parseWith(2.5)).toMatchObject([{ name: 'steps', type: 'number', default: 2.5 }])
  })

  test('tells everything that is wrong with it, with its lines', () => {
    const text = `editors:
  - { model: a, engine: comfyui, url: "http://a", workflow: editor.json, bindings: {} }
  - { model: b, engine: comfyui, url: "http://a", workflow: cut.json, bindings: {} }
  - { model: c, engine: comfyui, url: "http://a", workflow: dangling.json, bindings: {} }
  - model: d
    engine: comfyui
    url: http://a
    workflow: good.json
    bindings:
      image: 11.inputs.image
      prompt: 6.text
      cfg: 3.inputs.model
`
    let problems: readonly string[] = []
    try {
      parse(text)
    } catch (error) {
      if (!(error instanceof FleetFileError)) throw error
      problems = error.problems
    }
    expect(problems.map(problem => problem.replace(/^(\d+): editors\.\d\./, '$1 '))).toEqual([
      expect.stringMatching(/^2 workflow is saved in the editor's own format/),
      expect.stringMatching(/^3 workflow is no JSON \(line 3\)/),
      '4 workflow links 3.inputs.model to node 77, which is not there',
      '9 bindings must say where the seed goes',
      expect.stringMatching(/^10 bindings\.image names no node/),
      expect.stringMatching(/^11 bindings\.prompt must be of the form/),
      expect.stringMatching(/^12 bindings\.cfg names an input of node 3 that another node feeds/),
    ])
  })
})
