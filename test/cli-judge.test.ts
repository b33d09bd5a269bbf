import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { answer, answerNext, nonsense } from './support/judge-driver.ts'
import { parseLines, runCli, startCli } from './support/run-cli.ts'
import { createFinishedJob } from './support/seed.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { seedModels, testThinker } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let server: TestServer
let rounds: string[]

beforeAll(async () => {
  server = await startTestServer()
  await seedModels(server.db)
  const made = await createFinishedJob(server.db, await loadLocalCaller(server.db))
  rounds = made.rounds
}, 120_000)
afterAll(() => server.close())

const env = () => ({ PENTIMENTO_SERVER: server.origin })
const waiting = () =>
  until(
    'there are questions',
    async () => {
      const { rows } = await server.db.query(`select 1 from task where stage = 'JUDGE' and state = 'READY'`)
      return rows.length
    },
    60_000,
  )

describe('pentimento judge', { timeout: 120_000 }, () => {
  it('starts a run, follows it to its end and says what came of it', async () => {
    const running = startCli(
      ['judge', '--model', testThinker, '--filter', '{"rounds": {"gte": 2}}', '--rounds', 'all'],
      env(),
    )
    await waiting()
    await answerNext(server.db, answer(9, 9))
    await answerNext(server.db, answer(4, 4))
    const { code, stdout } = await running.end()
    expect(stdout).toMatch(/^Judge run \S+\n2 of 2 answered, 60 tokens\.\n$/)
    expect(code).toBe(0)
  })

  it('names the rounds whose answers nobody could read and ends with 1; as JSON it tells each step', async () => {
    const running = startCli(['judge', '--json', '--model', testThinker, '--round', rounds[0] ?? ''], env())
    await waiting()
    for (let ask = 1; ask <= 3; ask++) await answerNext(server.db, nonsense)
    const { code, stdout, stderr } = await running.end()
    const steps = parseLines(stdout)
    expect(steps.at(-1)).toMatchObject({ __typename: 'JudgeRunProgress', status: 'DONE', total: 1, failed: 1 })
    const { error } = JSON.parse(stderr)
    expect(error).toMatchObject({
      code: 'ANSWERS_FAILED',
      message: expect.stringContaining(`${rounds[0]}  UNREADABLE_ANSWER`),
    })
    expect(code).toBe(1)
    const { judgeRun } = steps.at(-1) as { judgeRun: { id: string } } // as was just seen
    const again = await runCli(['judge', '--follow', judgeRun.id], env())
    expect(again).toMatchObject({ code: 1, stdout: expect.stringContaining('0 of 1 answered, 1 failed') })
  })

  it('lists the runs there are and cancels one by its id; whoever watches it ends with 1', async () => {
    const running = startCli(['judge', '--model', testThinker, '--name', 'unwanted', '--round', rounds[0] ?? ''], env())
    await waiting()
    const { stdout: table } = await runCli(['judge', '--list'], env())
    const [head, facts] = table.split('\n')
    expect(head).toMatch(/^\S+ {2}RUNNING {2}unwanted$/)
    expect(facts).toMatch(new RegExp(`^ {2}0 of 1 answered, rubric overall, by ${testThinker}, `))
    const id = head?.split(' ')[0] ?? ''
    const canceled = await runCli(['judge', '--cancel', id], env())
    expect(canceled).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'The judge run is canceled; the answers that have come stay.\n',
    })
    expect(await running.end()).toMatchObject({ code: 1, stderr: expect.stringContaining('The run was canceled.') })
    const again = await runCli(['judge', '--cancel', id, '--json'], env())
    const unwanted = { __typename: 'JudgeRun', id, name: 'unwanted', status: 'CANCELED' }
    expect(parseLines(again.stdout)).toMatchObject([unwanted])
    const listed = parseLines((await runCli(['judge', '--list', '--json'], env())).stdout)
    expect(listed.map(run => run.status)).toEqual(['CANCELED', 'DONE', 'DONE'])
    expect(listed[0]).toMatchObject(unwanted)
    const done = await runCli(['judge', '--cancel', String(listed[1]?.id)], env())
    expect(done).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('The judge run is done') })
  })

  it.each([
    [['judge', '--cancel', 'x'], 1, /There is no such judge run/],
    [['judge', '--cancel', 'x', '--list'], 2, /'--cancel <run>' cannot be used with option '--list'/],
    [['judge', '--list', '--model', testThinker], 2, /'--list' cannot be used with option '--model <model>'/],
    [['judge'], 2, /Name the judge with --model/],
    [['judge', '--model', testThinker, '--filter', 'gain'], 2, /must be a JSON object/],
    [['judge', '--model', testThinker, '--rounds', 'some'], 2, /Allowed choices are best, last, first, all/],
    [['judge', '--model', testThinker, '--rounds', 'best', '--round', 'x'], 2, /--round goes without/],
    [['judge', '--model', 'nobody'], 1, /The thinker "nobody" is not known here/],
    [['judge', '--follow', 'x'], 1, /There is no such judge run/],
  ])('%j ends with %i', async (args, code, message) => {
    expect(await runCli(args, env())).toMatchObject({ code, stderr: expect.stringMatching(message) })
  })
})
