import { type GraphQLSchema, isObjectType } from 'graphql'
import { builder } from './builder.ts'
import './add-critique.ts'
import './agreement.ts'
import './api-key.ts'
import './batch.ts'
import './benchmark-run.ts'
import './dataset-actions.ts'
import './dataset-diff.ts'
import './dataset-errors.ts'
import './endpoint.ts'
import './errors.ts'
import './event-log.ts'
import './export-actions.ts'
import './export-errors.ts'
import './fork-round.ts'
import { encodeGlobalId } from './global-id.ts'
import './import-trajectories.ts'
import './job-actions.ts'
import './job-connection.ts'
import './judge-run-actions.ts'
import './judged-item.ts'
import './preference.ts'
import './review-actions.ts'
import './reuse-images.ts'
import './scalars.ts'
import './score-rollouts.ts'
import './start-benchmark-run.ts'
import './start-edit.ts'
import './start-fill.ts'
import './start-generation.ts'
import './tenant.ts'
import './trajectory-connection.ts'
import './trajectory-finished.ts'
import './trajectory-stats.ts'
import './upload.ts'
import './viewer.ts'
import './what-if.ts'

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
