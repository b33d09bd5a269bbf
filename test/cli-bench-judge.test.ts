import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Caller } from '../src/tenancy/caller.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { answerNext, nonsense } from './support/judge-driver.ts'
import { parseLines, runCli, startCli } from './support/run-cli.ts'
import { createFinishedJob } from './support/seed.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { seedModels, testEditor, testThinker } from './support/stage-driver.ts'
import { until } from './support/until.ts'

let server: TestServer
let caller: Caller
let folder: string

beforeAll(async () => {
  server = await startTestServer()
  caller = await loadLocalCaller(server.db)
  await seedModels(server.db)
  folder = await mkdtemp(join(tmpdir(), 'bench-judge-'))
}, 120_000)
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const env = () => ({ PENTIMENTO_SERVER: server.origin })
const say = (text: string) => ({ text, isCut: false, tokens: 5, endpointId: null })
const scored = (score: number) =>
  say(`A scarf.\nPrompt Compliance: ${score}\nVisual Naturalness: ${score}\nPhysical: ${score}`)

/** A run of ImgEdit with these items, each of so many rounds; its label. */
async function makeRun(items: Record<string, number>): Promise<string> {
  const fingerprint = v7().slice(-12)
  const label = `bench/imgedit/${fingerprint}`
  await server.db.query(
    `insert into benchmark_run (id, tenant_id, label, benchmark, fingerprint, editor, thinker, settings, by)
     values ($1, $2, $3, 'imgedit', $4, $5, $6, '{}', 'tests')`,
    [v7(), caller.tenantId, label, fingerprint, testEditor, testThinker],
  )
  for (const [key, rounds] of Object.entries(items)) {
    const benchmark = { name: 'imgedit', key, taskType: 'add', language: 'en', facts: {}, pictures: {} }
    const scores = Array.from({ length: rounds }, (_, i): [number, number] => (i === rounds - 1 ? [9, 9] : [4, 4]))
    await createFinishedJob(server.db, caller, { scores, job: { batch: label, metadata: { benchmark } } })
  }
  return label
}

const questions = (count: number) =>
  until(
    `${count} questions wait`,
    async () => {
      const { rows } = await server.db.query(`select 1 from task where stage = 'JUDGE' and state = 'READY'`)
      return rows.length >= count
    },
    60_000,
  )
const judge = (label: string, ...more: string[]) => [
  'bench',
  'judge',
  'imgedit',
  '--run',
  label,
  '--judge',
  testThinker,
  ...more,
]
const report = (label: string, ...more: string[]) => [
  'bench',
  'report',
  'imgedit',
  '--run',
  label,
  '--resamples',
  '20',
  ...more,
]

describe('pentimento bench judge and report', { timeout: 180_000 }, () => {
  it('judge every round once, name what cannot be read, ask that alone again, and report from one run', async () => {
    const label = await makeRun({ '17': 2, '18': 1 })
    const running = startCli(judge(label), env())
    await questions(3)
    const { rows } = await server.db.query<{ index: number }>(
      `select round_index as index from task where stage = 'JUDGE' and state = 'READY' order by 1`,
    )
    expect(rows.map(({ index }) => index)).toEqual([1, 1, 2])
    for (const given of [scored(4), scored(4), nonsense, nonsense, nonsense]) await answerNext(server.db, given)
    const { code, stdout, stderr } = await running.end()
    expect(stdout).toContain(`(${label} by ${testThinker})`)
    expect(stdout).toContain('2 of 3 answered, 1 failed')
    expect(stderr).toMatch(
      /One question has no answer that can be read:\n {2}add\/en\/1[78], round [12], rating: UNREADABLE_ANSWER/,
    )
    expect(code).toBe(1)

    const again = startCli(judge(label), env())
    await questions(1)
    await answerNext(server.db, scored(5))
    expect(await again.end()).toMatchObject({ code: 0, stdout: expect.stringContaining('1 of 1 answered') })
    const last = await runCli(judge(label), env())
    expect(last).toMatchObject({ code: 0, stdout: expect.stringContaining('0 of 0 answered') })

    const [chart, out] = [join(folder, 'chart.svg'), join(folder, 'report.md')]
    const text = await runCli(report(label, '--chart', chart), env())
    expect(text).toMatchObject({ code: 0, stderr: '' })
    expect(text.stdout).toMatch(/ImgEdit-Bench: .*judged by/)
    expect(text.stdout).toMatch(/^baseline +2 /m)
    expect(text.stdout).toMatch(/^round 2 +2 /m)
    expect(text.stdout).toMatch(/^paper: /m)
    expect(await readFile(chart, 'utf8')).toMatch(/^<svg /)
    const [fingerprint = ''] = label.split('/').slice(-1)
    expect(await runCli(report(fingerprint, '--format', 'markdown', '--out', out), env())).toMatchObject({
      code: 0,
      stdout: '',
    })
    expect(await readFile(out, 'utf8')).toContain('| baseline')
    const json = JSON.parse(
      (await runCli(report(label, '--format', 'json', '--switch', 'overall=macro'), env())).stdout,
    )
    expect(json).toMatchObject({ editor: testEditor, judge: testThinker, switches: { overall: 'macro' } })
    const overall = json.rows.map(({ cells }: { cells: { value: number }[] }) => cells.at(-1)?.value)
    expect(Math.max(...overall)).toBeLessThanOrEqual(4.5)
    expect(Math.min(...overall)).toBeGreaterThanOrEqual(4)
  })

  it('sends the texts of a folder, and keeps what they gave apart', async () => {
    const label = await makeRun({ '1': 1 })
    const prompts = join(folder, 'judge_prompt.json')
    await writeFile(prompts, JSON.stringify({ add: 'Rate\t<edit_prompt>\r\n', remove: 'Rate' }))
    const running = startCli(judge(label, '--templates', folder, '--select', 'last'), env())
    await questions(1)
    await answerNext(server.db, scored(3))
    expect(await running.end()).toMatchObject({ code: 0 })
    const { rows } = await server.db.query<{ name: string; templates: unknown }>(
      `select name, templates from judge_run where name like $1`,
      [`${label}%`],
    )
    expect(rows).toEqual([
      {
        name: expect.stringMatching(/ with templates [0-9a-f]{8}$/),
        templates: { add: 'Rate\t<edit_prompt>\r\n', remove: 'Rate' },
      },
    ])
    const other = startCli(judge(label, '--select', 'round 3'), env())
    await questions(1)
    await answerNext(server.db, scored(5))
    expect(await other.end()).toMatchObject({ code: 0 })
    const unclear = await runCli(report(label), env())
    expect(unclear).toMatchObject({ code: 2, stderr: expect.stringContaining(rows[0]?.name ?? '') })
    const chosen = await runCli(report(label, '--judging', rows[0]?.name ?? '', '--format', 'csv'), env())
    expect(chosen.stdout).toMatch(/^imgedit,.*,last,overall,3,/m)
  })

  it('goes on with a run that was left', async () => {
    const label = await makeRun({ '1': 1 })
    const left = startCli(judge(label, '--json'), env())
    await questions(1)
    left.child.kill('SIGKILL')
    await left.end()
    const running = startCli(judge(label, '--json'), env())
    await until('the run is followed', () => running.stdout().includes('JudgeRunProgress'), 60_000)
    await answerNext(server.db, scored(5))
    const { code, stdout } = await running.end()
    expect(code).toBe(0)
    const steps = parseLines(stdout) as { judgeRun: { id: string }; total: number; answered: number }[]
    expect(new Set(steps.map(step => step.judgeRun.id)).size).toBe(2)
    expect(steps.at(-1)).toMatchObject({ total: 0, answered: 0 })
  })

  it.each([
    [['judge', 'imgedit', '--run', 'bench/imgedit/000000000000', '--judge', testThinker], 1, /There is no run/],
    [['judge', 'imgedit', '--judge', testThinker], 2, /--run/],
    [
      ['judge', 'imgedit', '--run', 'x', '--judge', testThinker, '--select', 'first'],
      2,
      /best, last, all or "round N"/,
    ],
    [['judge', 'imgedit', '--run', 'x', '--judge', 'y', '--templates', '/nowhere'], 1, /\/nowhere cannot be read/],
    [['report', 'imgedit', '--run', 'x', '--switch', 'overall=most'], 2, /--help lists them/],
  ])('%j ends with %i', async (args, code, message) => {
    expect(await runCli(['bench', ...args], env())).toMatchObject({ code, stderr: expect.stringMatching(message) })
  })

  it('refuses a run of another benchmark, one that was not judged, and templates nobody asks for', async () => {
    const label = await makeRun({ '1': 1 })
    const other = await runCli(['bench', 'judge', 'kris', '--run', label, '--judge', testThinker], env())
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('is a run of imgedit, not of kris') })
    expect(await runCli(report(label), env())).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/was not judged/),
    })
    await writeFile(join(folder, 'judge_prompt.json'), JSON.stringify({ hybrid: 'Rate' }))
    expect(await runCli(judge(label, '--templates', folder), env())).toMatchObject({
      ...{ code: 1, stderr: expect.stringMatching(/templates\.hybrid is no template of "imgedit", which has add,/) },
    })
  })
})
