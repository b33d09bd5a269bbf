import { v7 } from 'uuid'
import { expect, test } from 'vitest'
import type { ClaimedTask } from '../src/queue/task.ts'
import { makeHeldTasks } from '../workers/held-tasks.ts'

const claimed = (id: string, token: number): ClaimedTask => ({
  id,
  token,
  workerId: v7(),
  tenantId: v7(),
  jobId: v7(),
  run: 1,
  stage: 'EDIT',
  roundIndex: 1,
  candidate: 0,
  call: 1,
  roundId: null,
  queue: 'edit:test',
  failures: 0,
  crashes: 0,
  judgeRunId: null,
  lastEndpointId: null,
  firstClaimedAt: new Date(),
  isSubmitted: false,
  remote: null,
})

test('a claim that was lost is aborted, and not the newer one of the same task', () => {
  const held = makeHeldTasks()
  const id = v7()
  const first = held.add(claimed(id, 1))
  const listed = held.list()
  held.remove(first)
  const second = held.add(claimed(id, 2))
  const other = held.add(claimed(v7(), 1))
  held.abortClaims(listed, 'lost')
  expect(second.signal.aborted).toBe(false)
  held.abortClaims(held.list().slice(1), 'lost')
  expect(other).toMatchObject({ abortReason: 'lost' })
  expect(other.signal.aborted).toBe(true)
})
