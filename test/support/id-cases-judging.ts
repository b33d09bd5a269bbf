import { expect } from 'vitest'
import { encodeGlobalId, toUuid } from '../../schema/global-id.ts'
import type { Caller } from '../../src/tenancy/caller.ts'
import type { TestApi } from './graphql.ts'
import { type IdCase, mutationCase, queryCase } from './id-case.ts'
import { startRun } from './judge-driver.ts'
import type { Trajectory } from './seed.ts'
import { testThinker } from './stage-driver.ts'

/** A running judge run about what a tenant has: its global id, its cursor among the runs, and one of its answers and items. */
export type Judging = { run: string; runCursor: string; answerCursor: string; itemCursor: string }

const ITEMS = `query($after: String) {
  judgedItems(label: "judged", judging: "x", first: 1, after: $after) { edges { cursor node { key } } }
}`

type Owned = { tenantId: string; made: Trajectory; judging: Judging }

/** Makes one over a finished job, with one answer. */
export async function createJudging(api: TestApi, caller: Caller, made: Trajectory): Promise<Judging> {
  const roundIds = made.rounds.map(round => toUuid(round, 'Round') ?? '')
  const runId = await startRun(api.db, caller.tenantId, { roundIds })
  await api.db.query(`insert into judge_answer (run_id, round_id, call, raw) values ($1, $2, 1, 'good')`, [
    runId,
    roundIds[0],
  ])
  const run = encodeGlobalId('JudgeRun', runId)
  const document = `query($id: ID!) {
    judgeRuns(first: 1) { edges { cursor } } judgeRun(id: $id) { answers(first: 1) { edges { cursor } } }
  }`
  const { judgeRuns, judgeRun } = await api.get(caller, document, { id: run })
  const benchmark = { key: '1', taskType: 'physics', language: 'en', name: 'kris' }
  await api.db.query(`update job set batch = 'judged', metadata = $1 where id = $2`, [
    { benchmark },
    toUuid(made.job, 'Job'),
  ])
  const { judgedItems } = await api.get(caller, ITEMS)
  return {
    ...{ run, runCursor: judgeRuns.edges[0].cursor, answerCursor: judgeRun.answers.edges[0].cursor },
    itemCursor: judgedItems.edges[0].cursor,
  }
}

/** The cases of judge runs, by the names of `findIdPlaces`. */
export function judgingIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  const id = () => ({ id: owned().judging.run })
  const refused = [{ errors: [{ code: 'INVALID_INPUT', field: 'after' }] }]
  const progress = 'subscription($id: ID!) { judgeRunProgress(judgeRunId: $id) { total } }'
  return {
    'Query.judgeRun(id)': queryCase(api, 'query($id: ID!) { judgeRun(id: $id) { id } }', id, 'judgeRun'),
    'Query.judgeRuns(after)': {
      ask: async caller => [
        await api.run(caller, 'query($after: String) { judgeRuns(after: $after) { edges { node { id } } } }', {
          after: owned().judging.runCursor,
        }),
      ],
      there: [{ errors: [] }],
      absent: refused,
    },
    // A stranger asks for it in a run of its own.
    'JudgeRun.answers(after)': {
      async ask(caller) {
        const isOwner = caller.tenantId === owned().tenantId
        const run = isOwner
          ? owned().judging.run
          : encodeGlobalId('JudgeRun', await startRun(api.db, caller.tenantId, { filter: {}, rounds: 'ALL' }))
        const document = `query($id: ID!, $after: String) {
          judgeRun(id: $id) { answers(after: $after) { edges { node { call } } } }
        }`
        return [await api.run(caller, document, { id: run, after: owned().judging.answerCursor })]
      },
      there: [{ errors: [] }],
      absent: refused,
    },
    // Nobody sees other tenants' items under a label; their cursors are refused.
    'Query.judgedItems(after)': {
      ask: async caller => [await api.run(caller, ITEMS, { after: owned().judging.itemCursor })],
      there: [{ errors: [], data: { judgedItems: { edges: expect.any(Array) } } }],
      absent: refused,
    },
    'Mutation.startJudgeRun(input.roundIds)': mutationCase(
      api,
      'startJudgeRun($input: StartJudgeRunInput!)',
      () => ({ input: { name: 'mine', model: testThinker, roundIds: owned().made.rounds } }),
      { success: 'StartJudgeRunSuccess', field: 'roundIds.0' },
    ),
    'Mutation.cancelJudgeRun(judgeRunId)': mutationCase(
      api,
      'cancelJudgeRun($judgeRunId: ID!)',
      () => ({ judgeRunId: owned().judging.run }),
      { success: 'CancelJudgeRunSuccess', field: 'judgeRunId' },
    ),
    'Subscription.judgeRunProgress(judgeRunId)': {
      ask: caller => api.follow(caller, progress, id(), 1),
      there: [{ errors: [], data: { judgeRunProgress: { total: expect.any(Number) } } }],
      absent: [{ data: undefined, errors: [{ code: 'NOT_FOUND' }] }],
    },
  }
}
