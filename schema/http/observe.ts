import { type ExecutionResult, type GraphQLError, getOperationAST } from 'graphql'
import { isAsyncIterable, type Plugin } from 'graphql-yoga'
import { DomainError } from '../../src/errors.ts'
import type { Metrics } from '../../src/metrics.ts'
import { isUnexpected } from './mask-error.ts'

/** Counts operations by type: how long they took, and which errors they gave. A subscription counts until it begins. */
export function observeOperations(metrics: Metrics): Plugin {
  return {
    onValidate: () => {
      return ({ valid, result }) => {
        if (!valid)
          for (const error of result)
            metrics.countError('unknown', error.extensions?.code ?? 'GRAPHQL_VALIDATION_FAILED')
      }
    },
    onExecute({ args: { document, operationName } }) {
      const operation = getOperationAST(document, operationName)?.operation ?? 'unknown'
      const done = metrics.startOperation(operation)
      return {
        onExecuteDone({ result }) {
          const errors = isAsyncIterable(result) ? [] : ((result as ExecutionResult).errors ?? []) // one result
          for (const error of errors) metrics.countError(operation, codeOf(error))
          done(errors.length === 0)
        },
      }
    },
    onSubscribe() {
      const done = metrics.startOperation('subscription')
      return {
        onSubscribeResult({ result }) {
          const errors = isAsyncIterable(result) ? [] : ((result as ExecutionResult).errors ?? []) // refused
          for (const error of errors) metrics.countError('subscription', codeOf(error))
          done(errors.length === 0)
        },
        onSubscribeError: () => done(false),
      }
    },
  }
}

/** Looks before errors are masked, so an unexpected one has no code yet. */
function codeOf(error: GraphQLError): unknown {
  if (error.originalError instanceof DomainError) return error.originalError.code
  return isUnexpected(error) ? 'INTERNAL_SERVER_ERROR' : error.extensions?.code
}
