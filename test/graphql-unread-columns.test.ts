import { type GraphQLField, getNamedType, isObjectType, isRequiredArgument } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { schema } from '../schema/index.ts'
import { failStage } from '../src/jobs/fail-stage.ts'
import { newJob, seedImage, startJob, takeOne } from './support/stage-driver.ts'
import { openTrajectories, type TrajectoryHouse } from './support/trajectory-house.ts'

let house: TrajectoryHouse
let jobIds: string[]

beforeAll(async () => {
  house = await openTrajectories()
  const { db } = house.api
  const { tenantId } = house.caller
  await startJob(db, tenantId, newJob(await seedImage(db, tenantId), { loop: { maxRounds: 1 } }))
  const failure = { kind: 'rejected', code: 'BAD_INPUT', message: 'No.', retryAfterMs: null, endpointId: null } as const
  await failStage(db, await takeOne(db, 'edit'), failure)
  await db.query(`update job set kind = 'GENERATE', source_id = null, wanted_width = 640, wanted_height = 480
    where status = 'CANCELED'`)
  await db.query('update critique set is_satisfied = true')
  await db.query(`update critique set error_code = 'UNREADABLE', semantic = null, quality = null, overall = null,
    is_satisfied = null where source = 'HUMAN'`)
  const { edges } = await house.page({ first: 100 })
  jobIds = edges.map(({ node }) => node.job.id)
})
afterAll(() => house.api.close())

/** The fields of a type that can be asked for by their name alone, with all leaves of what they give. */
function selectionsOf(typeName: string): string[] {
  const type = schema.getType(typeName)
  if (!isObjectType(type)) throw new Error(`${typeName} is no type of objects.`)
  return Object.values(type.getFields()).filter(isPlain).map(toSelection)
}

const isPlain = (field: GraphQLField<unknown, unknown>): boolean => !field.args.some(isRequiredArgument)

function toSelection(field: GraphQLField<unknown, unknown>): string {
  const type = getNamedType(field.type)
  if (!isObjectType(type)) return field.name
  const leaves = Object.values(type.getFields()).filter(
    inner => isPlain(inner) && !isObjectType(getNamedType(inner.type)) && inner.name !== 'url',
  )
  return `${field.name} { ${leaves.map(({ name }) => name).join(' ') || '__typename'} }`
}

const within: Record<string, { page: (field: string) => string; job: (field: string) => string }> = {
  Trajectory: { page: field => field, job: field => `trajectory { ${field} }` },
  Job: { page: field => `job { ${field} }`, job: field => field },
  Round: { page: field => `job { rounds { ${field} } }`, job: field => `rounds { ${field} }` },
  Critique: {
    page: field => `job { rounds { critiques { ${field} } } }`,
    job: field => `rounds { critiques { ${field} } }`,
  },
}
const cases = Object.entries(within).flatMap(([type, place]) =>
  selectionsOf(type).map(field => ({ type, field, place })),
)

/** Fields that none of the jobs has anything in: of these the comparison tells little. */
const empty: string[] = []

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isEmpty)
  return typeof value === 'object' && value !== null ? Object.values(value).every(isEmpty) : value === null
}

describe('a page whose query names one field alone', () => {
  it.each(cases)('gives what the whole row does, for a $type: $field', async ({ type, field, place }) => {
    const { api, caller } = house
    const singly = jobIds.map((_, index) => `j${index}: job(id: $j${index}) { ${place.job(field)} }`)
    const ids = Object.fromEntries(jobIds.map((id, index) => [`j${index}`, id]))
    const declared = jobIds.map((_, index) => `$j${index}: ID!`).join(', ')
    const whole = Object.values(await api.get(caller, `query(${declared}) { ${singly.join(' ')} }`, ids))

    const { trajectories } = await api.get(
      caller,
      `{ trajectories(first: 100) { edges { node { ${place.page(field)} } } } }`,
    )
    const toJob = (node: Record<string, unknown>) => (type === 'Trajectory' ? { trajectory: node } : node.job)
    expect(trajectories.edges.map(({ node }: { node: Record<string, unknown> }) => toJob(node))).toEqual(whole)
    if (isEmpty(whole)) empty.push(`${type}.${field.split(' ')[0]}`)
  })
  it('is compared over jobs that have something in every field but those of other tables', () => {
    const ofJob = ['forkedFrom', 'mask', 'preferences', 'queuePosition', 'references'].map(name => `Job.${name}`)
    expect(empty).toEqual([...ofJob, 'Round.preferences'])
  })
})
