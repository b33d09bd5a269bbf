import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { playJob } from './support/play-job.ts'
import { parseLines, runCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { seedImage, seedModels } from './support/stage-driver.ts'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer()
  await seedModels(server.db)
  const { tenantId } = await loadLocalCaller(server.db)
  const home = { tenantId, imageId: await seedImage(server.db, tenantId) }
  await playJob(server.db, home, [[4, 4], [7, 7], [9, 9]], { tags: ['a'] }) // biome-ignore format: one job a line
  await playJob(server.db, home, [[5, 5], [5, 5]]) // biome-ignore format: as above
}, 120_000)
afterAll(() => server.close())

const whatIf = (...args: string[]) => runCli(['what-if', ...args], { PENTIMENTO_SERVER: server.origin })

describe('pentimento what-if', { timeout: 120_000 }, () => {
  it('prints a row for each threshold below what really happened', async () => {
    const { code, stdout } = await whatIf('--threshold', '5,7', '--threshold', '9.5')
    expect(stdout.split('\n').map(line => line.trimEnd().replace(/ {2,}/g, ' | '))).toEqual([
      'RULE | JOBS | MEAN | MEDIAN | SATISFIED | CUT SHORT | EDITS | EDITOR S | TOKENS | STOPPED BY',
      'actual | 2 | 7.00 | 7.00 | 50.0% | 0.0% | 5 | 8 | 50 | MAX_ROUNDS 1, SATISFIED 1',
      '5 | 2 | 6.00 | 6.00 | 100.0% | 0.0% | 3 | 5 | 30 | SATISFIED 2',
      '7 | 2 | 6.00 | 6.00 | 50.0% | 0.0% | 4 | 6 | 40 | MAX_ROUNDS 1, SATISFIED 1',
      '9.5 | 2 | 7.00 | 7.00 | 0.0% | 0.0% | 5 | 8 | 50 | MAX_ROUNDS 2',
      '',
    ])
    expect(code).toBe(0)
  })

  it('takes a filter and a whole rule, and as JSON tells all there is', async () => {
    const rule = ['--patience', '1', '--max-rounds', '9', '--select', 'last', '--max-editor-seconds', '4.5']
    const { stdout } = await whatIf('--json', '--filter', '{"tags":["a"]}', ...rule, '--max-thinker-tokens', '20')
    const rules = [{ patience: 1, maxRounds: 9, select: 'LAST', maxEditorSeconds: 4.5, maxThinkerTokens: 20 }]
    expect(parseLines(stdout)).toMatchObject([
      { __typename: 'WhatIf', rules, actual: { jobs: 1 }, outcomes: [{ edits: 2, medianOverall: 7 }] },
    ])
  })

  it('says where a history is too short, and what it cannot take', async () => {
    expect((await whatIf('--max-rounds', '9')).stdout).toMatch(/^this rule .*50\.0% .*\n\nCUT SHORT: .*\n$/m)
    const refusals = [
      [['--threshold', '11'], /It must be from 0 to 10/],
      [['--select', 'first'], /It must be best or last/],
      [['--filter', '7'], /It must be a JSON object/],
    ] as const
    for (const [args, message] of refusals) {
      expect(await whatIf(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) })
    }
    const unfit = await whatIf('--filter', '{"rounds":{"gte":0.5}}')
    expect(unfit).toMatchObject({ code: 1, stderr: expect.stringMatching(/filter\.rounds\.gte/) })
  })
})
