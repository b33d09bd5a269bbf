import { encodeGlobalId } from '../../schema/global-id.ts'
import { cancelJob } from '../../src/jobs/cancel-job.ts'
import type { TestApi } from './graphql.ts'
import type { IdCase } from './id-case.ts'
import { newJob, seedImage, startJob } from './stage-driver.ts'

type Owned = { tenantId: string; eventCursor: string }

/** The cases of a tenant's log, whose cursors are places that all tenants share: whoever asks is shown its own alone. */
export function logIdCases(api: TestApi, owned: () => Owned): Record<string, IdCase> {
  function after(document: string): IdCase {
    const ask: IdCase['ask'] = async ({ tenantId, ...caller }) => {
      const jobId = await startJob(api.db, tenantId, newJob(await seedImage(api.db, tenantId)))
      await cancelJob(api.db, { tenantId, jobId })
      const variables = { cursor: owned().eventCursor }
      const asked = { ...caller, tenantId }
      const answers = document.startsWith('subscription')
        ? await api.follow(asked, document, variables, 1)
        : [await api.run(asked, document, variables)]
      const shown = JSON.stringify(answers)
      const { rows } = await api.db.query<{ id: string; tenantId: string }>(
        'select id, tenant_id as "tenantId" from job',
      )
      const has = (tenant: string) =>
        rows.some(job => job.tenantId === tenant && shown.includes(encodeGlobalId('Job', job.id)))
      return [{ data: { ofOwner: has(owned().tenantId), ofSelf: has(tenantId) }, errors: [] }]
    }
    return { ask, there: [{ data: { ofOwner: true } }], absent: [{ data: { ofOwner: false, ofSelf: true } }] }
  }

  const placed = 'event { job { id } }'
  const finished = 'trajectory { job { id } }'
  return {
    'Query.events(after)': after(`query($cursor: String) { events(after: $cursor) { events { ${placed} } } }`),
    'Subscription.events(after)': after(`subscription($cursor: String) { events(after: $cursor) { ${placed} } }`),
    'Query.finishedTrajectories(after)': after(
      `query($cursor: String) { finishedTrajectories(after: $cursor) { items { ${finished} } } }`,
    ),
    'Subscription.trajectoryFinished(after)': after(
      `subscription($cursor: String) { trajectoryFinished(after: $cursor) { ${finished} } }`,
    ),
  }
}
