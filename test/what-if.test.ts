import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cancelJob } from '../src/jobs/cancel-job.ts'
import { deleteJob } from '../src/jobs/delete-job.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { whatIf } from '../src/trajectories/what-if.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { playJob } from './support/play-job.ts'
import { createCaller } from './support/seed.ts'
import { newJob, seedImage, seedModels, startJob } from './support/stage-driver.ts'
import { writeTrajectories } from './support/write-trajectories.ts'

let api: TestApi
let caller: Caller
let home: { tenantId: string; imageId: string }

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'READ')
  home = { tenantId: caller.tenantId, imageId: await seedImage(api.db, caller.tenantId) }
  await playJob(api.db, home, [[4, 4], [7, 7], [6, 6], [9, 9]], { loop: { maxRounds: 5 }, tags: ['a'] }) // biome-ignore format: one job a line
  await playJob(api.db, home, [[5, 5], [5, 5]], { tags: ['a', 'b'] }) // biome-ignore format: as above
  await playJob(api.db, home, [[8, 2], [2, 2]], { loop: { select: 'LAST', maxRounds: 2 } }) // biome-ignore format: as above
  const canceled = await startJob(api.db, caller.tenantId, newJob(home.imageId))
  await cancelJob(api.db, { tenantId: caller.tenantId, jobId: canceled })
})
afterAll(() => api.close())

const TOTALS = `jobs results scored meanOverall medianOverall edits editorSeconds thinkerTokens satisfied cutShort
  stopReasons { stopReason jobs }`
const WHAT_IF = `query($filter: TrajectoryFilter, $asOf: String, $rules: [WhatIfRuleInput!]!) {
  whatIf(filter: $filter, asOf: $asOf, rules: $rules) { actual { ${TOTALS} } outcomes { ${TOTALS} } }
}`
const ask = async (variables: object) => (await api.get(caller, WHAT_IF, { ...variables })).whatIf

describe('a what-if', () => {
  it('puts what really happened beside what other rules would have made of it', async () => {
    const { actual, outcomes } = await ask({
      rules: [{}, { semanticAtLeast: 7, qualityAtLeast: 7 }, { maxRounds: 1, select: 'BEST' }, { maxRounds: 9 }],
    })
    // 9 of the first, 5 of the second, 2 (the last) of the third; nothing of the one canceled before its edit
    expect(actual).toEqual({
      ...{ jobs: 4, results: 3, scored: 3, meanOverall: 16 / 3, medianOverall: 5, edits: 8, editorSeconds: 12 },
      ...{ thinkerTokens: 80, satisfied: 1, cutShort: 0 },
      stopReasons: [
        { stopReason: 'MAX_ROUNDS', jobs: 2 },
        { stopReason: 'CANCELED', jobs: 1 },
        { stopReason: 'SATISFIED', jobs: 1 },
      ],
    })
    const [own, lower, single, longer] = outcomes
    expect(own).toEqual(actual)
    expect(lower).toMatchObject({ meanOverall: 14 / 3, edits: 6, editorSeconds: 9, thinkerTokens: 60, satisfied: 1 })
    expect(single).toMatchObject({ meanOverall: 13 / 3, medianOverall: 4, edits: 3, satisfied: 0, cutShort: 0 })
    expect(longer).toMatchObject({ ...{ jobs: 4, edits: 8, satisfied: 1, cutShort: 2 } })
  })

  it('replays those alone that match, and had ended at the place asked for', async () => {
    const { actual, outcomes } = await ask({ filter: { tags: ['b'] }, rules: { patience: 1 } })
    expect(actual).toMatchObject({ jobs: 1, stopReasons: [{ stopReason: 'MAX_ROUNDS' }] })
    expect(outcomes).toMatchObject([{ jobs: 1, stopReasons: [{ stopReason: 'PATIENCE' }] }])
    const { endCursor: asOf } = (await api.get(caller, '{ events(first: 500) { endCursor } }')).events
    const later = await playJob(api.db, home, [[9, 9]])
    expect((await ask({ rules: {} })).actual.jobs).toBe(5)
    expect((await ask({ asOf, rules: {} })).actual.jobs).toBe(4)
    await deleteJob(api.db, { tenantId: caller.tenantId, jobId: later })
    expect((await ask({ rules: {} })).actual.jobs).toBe(4)
    expect((await ask({ filter: { gain: { gt: 9 } }, rules: {} })).outcomes).toMatchObject([
      { jobs: 0, meanOverall: null, medianOverall: null, stopReasons: [] },
    ])
  })

  it('reads more jobs than a batch holds, each once', async () => {
    const { tenantId } = await createCaller(api.db, 'READ')
    await writeTrajectories(api.db, tenantId, 1201)
    const { actual, outcomes } = await whatIf(api.db, { tenantId, filter: {}, asOf: null, rules: [{}] })
    expect(actual).toMatchObject({ jobs: 1201, satisfied: 1201, meanOverall: 9, editorSeconds: 2402 })
    expect(outcomes).toEqual([actual])
  })

  it('shows nothing of another tenant', async () => {
    const other = await createCaller(api.db, 'READ')
    const { whatIf: found } = await api.get(other, WHAT_IF, { rules: {} })
    expect(found.actual).toMatchObject({ jobs: 0, edits: 0 })
  })

  it('refuses rules, filters and places that cannot be meant, and says which and why', async () => {
    const refused = async (variables: object) => (await api.run(caller, WHAT_IF, { ...variables })).errors[0]
    const rule = (field: string) => ({ code: 'INVALID_INPUT', field: `rules.0.${field}` })
    expect(await refused({ rules: { semanticAtLeast: 11 } })).toMatchObject(rule('semanticAtLeast'))
    expect(await refused({ rules: { patience: 0 } })).toMatchObject(rule('patience'))
    expect(await refused({ rules: { maxRounds: 21 } })).toMatchObject(rule('maxRounds'))
    expect(await refused({ rules: { maxEditorSeconds: -1 } })).toMatchObject(rule('maxEditorSeconds'))
    expect(await refused({ rules: [] })).toMatchObject({ code: 'INVALID_INPUT', field: 'rules' })
    expect(await refused({ rules: Array(11).fill({}) })).toMatchObject({
      field: 'rules',
      message: expect.stringMatching(/at most 10/),
    })
    expect(await refused({ rules: {}, asOf: 'x' })).toMatchObject({ code: 'INVALID_INPUT', field: 'asOf' })
    expect(await refused({ rules: {}, filter: { editor: [''] } })).toMatchObject({ field: 'filter.editor.0' })
  })
})
