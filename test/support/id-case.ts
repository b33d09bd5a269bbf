import { expect } from 'vitest'
import type { Caller } from '../../src/tenancy/caller.ts'
import type { Answer, TestApi } from './graphql.ts'

/** How one place is asked with the owner's object, by anyone, and what the answers look like. */
export type IdCase = {
  ask: (caller: Caller) => Promise<Answer[]>
  /** What an answer looks like where the object is there, and where it is not. */
  there: object
  absent: object
}

type Variables = () => Record<string, unknown>

/** What is asked of a mutation's result. */
export const idResult = '{ __typename ... on NotFoundError { field } ... on Error { code message } }'

/** A query: data, or null. */
export function queryCase(api: TestApi, document: string, variables: Variables, path: string): IdCase {
  return {
    ask: async caller => [await api.run(caller, document, variables())],
    there: [{ errors: [], data: { [path]: expect.anything() } }],
    absent: [{ errors: [], data: { [path]: null } }],
  }
}

/** A mutation, as `cancelJob($jobId: ID!)`: a success, or NotFoundError with the field. */
export function mutationCase(
  api: TestApi,
  call: string,
  variables: Variables,
  { success, field }: { success: string; field: string },
): IdCase {
  const [name = ''] = call.split('(')
  const document = `mutation${call.slice(name.length)} { ${call.replace(/\$(\w+): [^,)]+/g, '$1: $$$1')} ${idResult} }`
  return {
    ask: async caller => [await api.run(caller, document, variables())],
    there: [{ errors: [], data: { [name]: { __typename: success } } }],
    absent: [{ errors: [], data: { [name]: { __typename: 'NotFoundError', field } } }],
  }
}
