import { execFile } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPython } from './support/python.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const script = 'integrations/easyr1/reward.py'
const hasPython = findPython()

/** Runs python3; how it ended and what it printed. */
function python(args: string[], env: Record<string, string> = {}): Promise<{ code: number; output: string }> {
  return new Promise(resolve => {
    execFile('python3', args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, output: stdout + stderr })
    })
  })
}

describe.skipIf(!hasPython)('the reward client of EasyR1', () => {
  let server: TestServer
  let key: string
  beforeAll(async () => {
    server = await startTestServer({ auth: 'keys', workers: 'in-process' })
    key = (await server.createKey('trainer', 'WRITE')).secret
  })
  afterAll(() => server?.close())

  it('finds nothing wrong with a server that runs', async () => {
    const { code, output } = await python([script, '--self-test', server.origin], { PENTIMENTO_KEY: key })
    expect(output).not.toContain('WRONG')
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('as it should') })
  })

  it('fails where the key is no good', async () => {
    const { code, output } = await python([script, '--self-test', server.origin], { PENTIMENTO_KEY: 'wrong' })
    expect(code).toBe(1)
    expect(output).toContain('Send a valid API key')
  })

  it('is loaded the way EasyR1 does, with its settings as arguments', async () => {
    const program = `
import importlib.util, json, sys
from functools import partial
spec = importlib.util.spec_from_file_location("custom_reward_fn", "${script}")
module = importlib.util.module_from_spec(spec)
sys.modules["custom_reward_fn"] = module
spec.loader.exec_module(module)
score = partial(getattr(module, "compute_score"), server="${server.origin}", key="${key}", chunk=2)
item = {"response": "nothing", "response_length": 1, "ground_truth": {"semantics": 5, "quality": 5}, "origin_prompt": "x"}
print(json.dumps([module.REWARD_TYPE, score([item] * 3)]))
`
    const { code, output } = await python(['-c', program])
    expect({ code, output }).toMatchObject({ code: 0 })
    const [type, scores] = JSON.parse(output) as [string, unknown[]]
    expect(type).toBe('batch')
    expect(scores).toEqual(
      [0, 1, 2].map(idx => ({
        idx,
        overall: 0.2,
        format_reward: 0,
        viescore_accuracy_reward: 0,
        edited_image_reward_semantic: 0.5,
        edited_image_reward_quality: 0.5,
      })),
    )
  })
})
