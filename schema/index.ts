import { type GraphQLSchema, isObjectType } from 'graphql'
import { builder } from './builder.ts'
import './jobs/add-critique.ts'
import './feedback/agreement.ts'
import './tenancy/api-key.ts'
import './jobs/batch.ts'
import './benchmarks/benchmark-run.ts'
import './datasets/dataset-actions.ts'
import './datasets/dataset-diff.ts'
import './datasets/dataset-errors.ts'
import './fleet/endpoint.ts'
import './errors.ts'
import './events/event-log.ts'
import './exports/export-actions.ts'
import './exports/export-errors.ts'
import './jobs/fork-round.ts'
import { encodeGlobalId } from './global-id.ts'
import './trajectories/import-trajectories.ts'
import './jobs/job-actions.ts'
import './jobs/job-connection.ts'
import './judging/judge-run-actions.ts'
import './judging/judged-item.ts'
import './feedback/preference.ts'
import './feedback/review-actions.ts'
import './images/reuse-images.ts'
import './scalars.ts'
import './rewards/score-rollouts.ts'
import './benchmarks/start-benchmark-run.ts'
import './jobs/start-edit.ts'
import './jobs/start-fill.ts'
import './jobs/start-generation.ts'
import './tenancy/tenant.ts'
import './trajectories/trajectory-connection.ts'
import './trajectories/trajectory-finished.ts'
import './trajectories/trajectory-stats.ts'
import './images/upload.ts'
import './tenancy/viewer.ts'
import './trajectories/what-if.ts'

/** The whole schema, built once. Its resolvers take a Context of makeContext. */
export const schema: GraphQLSchema = withPlainIds(builder.toSchema())

/**
 * The relay plugin resolves every id asynchronously, which makes promises of all objects around it: a third of what a
 * page of jobs costs. Types with an authorisation of their own keep theirs.
 */
function withPlainIds(built: GraphQLSchema): GraphQLSchema {
  for (const name of ['Job', 'Round', 'Critique', 'Image']) {
    const type = built.getType(name)
    const field = isObjectType(type) ? type.getFields().id : undefined
    if (!field) throw new Error(`The type ${name} has no id.`)
    field.resolve = (parent: { id: string }) => encodeGlobalId(name, parent.id)
  }
  return built
}
