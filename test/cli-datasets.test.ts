import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSplits } from '../src/cli/datasets/dataset.ts'
import { parseObject } from '../src/cli/session.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { playJob } from './support/play-job.ts'
import { type CliResult, parseLines, runCli } from './support/run-cli.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { seedImage, seedModels } from './support/stage-driver.ts'

describe('the options', () => {
  it('are JSON objects, and shares by name', () => {
    expect(parseObject('{"gain": {"gt": 0}}')).toEqual({ gain: { gt: 0 } })
    for (const text of ['', '[]', 'null', '{']) expect(() => parseObject(text)).toThrow(/JSON object/)
    expect(parseSplits('train=0.9,test=.1')).toEqual({ train: 0.9, test: 0.1 })
    for (const text of ['', 'train', 'train=', 'train=x', 'a=1=2', 'a=0.5,a=0.5']) {
      expect(() => parseSplits(text)).toThrow(/train=0.9,test=0.1/)
    }
  })
})

describe('with a server', { timeout: 120_000 }, () => {
  let server: TestServer
  const jobs: string[] = []
  beforeAll(async () => {
    server = await startTestServer()
    await seedModels(server.db)
    const { tenantId } = await loadLocalCaller(server.db)
    for (const scores of [
      [3, 7],
      [4, 7],
      [6, 2],
    ]) {
      const imageId = await seedImage(server.db, tenantId)
      jobs.push(
        await playJob(
          server.db,
          { tenantId, imageId },
          scores.map(score => [score, score] as const),
        ),
      )
    }
  }, 60_000)
  afterAll(() => server.close())

  function run(...args: string[]): Promise<CliResult> {
    return runCli(['dataset', ...args], { PENTIMENTO_SERVER: server.origin })
  }

  it('a dataset is made and shown with the report of its recipe, and what changed is told', async () => {
    expect(await run('list')).toEqual({ code: 0, stdout: 'There are no datasets.\n', stderr: '' })
    const made = await run('create', 'steps', '--split', 'train=0.5,test=0.5', '--options', '{"includeFinal": true}')
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.stdout).toMatch(/^steps@1 {2}READY\nRecipe {2}think-edit\nSamples 4 \(t.*\)\nHash {4}[0-9a-f]{64}\n/)
    expect(made.stdout).toMatch(/\nimproved +trajectories +3 +2 +1 +every later round is worse than the first\n/)
    expect((await run('show', 'steps')).stdout).toBe(made.stdout)

    await deleteJob(server.db, { tenantId: (await loadLocalCaller(server.db)).tenantId, jobId: jobs[0] ?? '' })
    const filter = '{"firstOverall": {"gte": 4}}'
    const [second] = parseLines((await run('create', 'steps', '--filter', filter, '--json')).stdout)
    expect(second).toMatchObject({
      __typename: 'DatasetVersion',
      number: 2,
      sampleCount: 1,
      filter: JSON.parse(filter),
    })
    const difference = await run('diff', 'steps@1', 'steps@2')
    expect(difference.stdout).toBe('+ 0 added\n- 3 removed (2 deleted with their jobs)\n= 1 kept\n')
    expect((await run('list')).stdout).toMatch(/\nsteps@2 +READY +1 +\S.*\n$/)
  })

  it('a dataset is deleted by its name, once', async () => {
    await run('create', 'brief')
    expect(await run('delete', 'brief')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^The dataset brief is /),
    })
    expect(await run('delete', 'brief')).toMatchObject({ code: 1, stderr: expect.stringMatching(/no dataset brief/) })
    expect((await run('list')).stdout).not.toContain('brief')
  })

  it('what the server refuses is said in its words', async () => {
    const refused = await run('create', 'other', '--options', '{"subset": "RL"}')
    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/recipe\.thinkEdit\.subset must/),
    })
    expect(await run('show', 'other')).toMatchObject({ code: 1, stderr: 'other has no version.\n' })
    expect(await run('show', 'nobody@1')).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/^There is no dataset nobody\. "pentimento dataset list"/) },
    })
    expect(await run('diff', 'steps@1', 'steps@x')).toMatchObject({ code: 2, stderr: expect.stringMatching(/NAME@N/) })
  })
})
