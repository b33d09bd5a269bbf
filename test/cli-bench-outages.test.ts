// A run whose items fail, and one whose server is killed under it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { connectDb } from '../src/db.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { recordEdit } from '../src/jobs/record-edit.ts'
import { labelIn, openBenchHouse, runArguments } from './support/bench-house.ts'
import { geditRow, writeGedit, writeImgedit } from './support/benchmark-folders.ts'
import { createTestDatabase } from './support/database.ts'
import { startCli } from './support/run-cli.ts'
import { startProcess } from './support/server-process.ts'
import { silentLog } from './support/silent-log.ts'
import { seedImage, seedModels, takeOne, testEditor } from './support/stage-driver.ts'
import { until } from './support/until.ts'

describe('pentimento bench run', { timeout: 240_000 }, () => {
  it('names the items that failed and ends with 1; --retry-failed lets them go on', async () => {
    const house = await openBenchHouse('none')
    const clear = await house.refresh()
    try {
      const { db } = house.server
      await seedModels(db)
      await writeImgedit(join(house.folder, 'imgedit'))
      const command = [
        'bench',
        'run',
        'imgedit',
        '--data',
        join(house.folder, 'imgedit'),
        '--editor',
        testEditor,
        '--no-critique',
      ]
      const queued = (count: number) =>
        until('the items wait', async () => {
          const { rows } = await db.query(`select from task where state = 'READY'`)
          return rows.length === count
        })
      const edit = async () => {
        const imageId = await seedImage(db, house.tenantId)
        await recordEdit(db, await takeOne(db, 'edit'), { imageId, editorSeconds: 1, endpointId: null })
      }
      const first = startCli(command, house.environment())
      await queued(3)
      await edit()
      await edit()
      const failure = {
        kind: 'rejected',
        code: 'BAD',
        message: 'No such dance.',
        retryAfterMs: null,
        endpointId: null,
      } as const
      await failStage(db, await takeOne(db, 'edit'), failure)
      const { code, stdout, stderr } = await first.end()
      expect(code).toBe(1)
      expect(stdout).toMatch(/^all +3 +2 +1 +0$/m)
      expect(stderr).toMatch(/^1 of 3 items did not succeed:\n {2}\w+\/en\/\d+ failed: No such dance\.\n--retry-failed/)
      const again = await house.run(command)
      expect(again).toMatchObject({ code: 1, stdout: expect.stringMatching(/^all +3 +2 +1 +0$/m) })

      const retrying = startCli([...command, '--retry-failed'], house.environment())
      await queued(1)
      await edit()
      const end = await retrying.end()
      expect(end).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('1 failed before and goes on.'),
      })
      expect((await house.readJobs()).map(job => job.run).sort()).toEqual([1, 1, 2])
    } finally {
      await clear()
      await house.close()
    }
  })

  it('outlasts a server that is killed and started again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pentimento-outage-'))
    const database = await createTestDatabase()
    const db = connectDb({ url: database.url, log: silentLog })
    const countDone = async () => (await db.query(`select from job where status = 'SUCCEEDED'`)).rowCount ?? 0
    const environment = { DATABASE_URL: database.url, DATA_DIR: join(folder, 'data'), AUTH: 'off' }
    let server = startProcess('src/server.ts', { ...environment, PORT: '0' })
    try {
      const { port, origin } = new URL(await server.ready(60_000))
      const rows = Array.from({ length: 60 }, (_, i) => geditRow(`k${i}`, { instruction: `Brighter by ${i + 1}%.` }))
      await writeGedit(join(folder, 'gedit'), [await Promise.all(rows)])
      const out = join(folder, 'out')
      const command = startCli(runArguments({ folder }, 'gedit', '--out', out), { PENTIMENTO_SERVER: origin })
      await until('some items are done', async () => (await countDone()) >= 3, 60_000)
      await server.end('SIGKILL')
      const doneThen = await countDone()
      expect(doneThen).toBeLessThan(60)
      server = startProcess('src/server.ts', { ...environment, PORT: port })
      await server.ready(60_000)
      const { code, stdout, stderr } = await command.end()
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(labelIn(stdout)).toMatch(/^bench\/gedit\//)
      expect(stdout).toContain(`60 items in the layout of the paper: ${out}`)
      expect(await countDone()).toBe(60)
      const { rows: jobs } = await db.query('select run from job')
      expect(jobs).toEqual(Array(60).fill({ run: 1 }))
    } finally {
      await server.end('SIGTERM')
      await db.close()
      await database.drop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
