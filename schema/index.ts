import type { GraphQLSchema } from 'graphql'
import { builder } from './builder.ts'
import './add-critique.ts'
import './api-key.ts'
import './batch.ts'
import './endpoint.ts'
import './errors.ts'
import './event-log.ts'
import './fork-round.ts'
import './job-actions.ts'
import './job-connection.ts'
import './scalars.ts'
import './start-edit.ts'
import './tenant.ts'
import './upload.ts'
import './viewer.ts'

/** The whole schema, built once. Its resolvers take a Context of makeContext. */
export const schema: GraphQLSchema = builder.toSchema()
