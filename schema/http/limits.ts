// How much one operation may ask for. Tokens are counted by graphql-js while it parses, depth, aliases and directives on
// the document (Armor), the cost on the document with its variables (Pothos' complexity plugin), each before anything is
// executed. Armor is CommonJS and brings its own copy of graphql-js: its errors are not ours, so they are made anew, and
// its parser and its look for GraphQLErrors are left alone.

import { EnvelopArmorPlugin } from '@escape.tech/graphql-armor'
import { complexityFromQuery } from '@pothos/plugin-complexity'
import { type DocumentNode, GraphQLError, getOperationAST, Kind, parse, validate } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { maxComplexity } from '../complexity.ts'
import { withoutSuggestion } from './mask-error.ts'

/** The limits that a client may meet; each refusal names the one it met. */
export const operationLimits = {
  depth: 15,
  aliases: 30,
  directives: 25,
  tokens: 3_000,
  /** Characters of the document. */
  documentLength: 100_000,
  /** Bytes of a JSON body. */
  bodyBytes: 4_000_000,
}

const MAX_VALIDATION_ERRORS = 5

/** Plugins that refuse what is too large, with `extensions.code` OPERATION_TOO_LARGE, and never suggest field names. */
export function limitPlugins(): Plugin[] {
  const counted = { propagateOnRejection: false, onReject: [report] }
  return [
    EnvelopArmorPlugin({
      maxDepth: { ...counted, n: operationLimits.depth, flattenFragments: true },
      maxAliases: { ...counted, n: operationLimits.aliases, allowList: [] },
      maxDirectives: { ...counted, n: operationLimits.directives },
      maxTokens: { enabled: false },
      costLimit: { enabled: false },
      blockFieldSuggestion: { enabled: false },
    }),
    fewErrors,
    limitDocument,
    limitCost,
  ]
}

const tooLarge = (message: string) =>
  new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_LARGE', http: { status: 400, spec: true } } })

function report(context: { reportError(error: GraphQLError): void } | null, error: { message: string }): void {
  context?.reportError(tooLarge(error.message.replace(/^Syntax Error: /, '')))
}

/** Stops after a few findings, so that a document made of errors costs little, and suggests no names. */
const fewErrors: Plugin = {
  onValidate({ setValidationFn }) {
    setValidationFn((schema, document, rules, _typeInfo, options) =>
      validate(schema, document, rules, { ...options, maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: true }),
    )
  },
}

const limitDocument: Plugin = {
  onParse({ params: { source }, setParseFn }) {
    setParseFn((text, options) => parse(text, { ...options, maxTokens: operationLimits.tokens }))
    const { length } = typeof source === 'string' ? source : source.body
    if (length <= operationLimits.documentLength) return
    throw tooLarge(
      `The document has ${length} characters; at most ${operationLimits.documentLength} are accepted. Send values as variables.`,
    )
  },
}

const limitCost: Plugin = {
  onExecute: ({ args, setResultAndStopExecution }) => {
    const error = findExcess(args)
    if (error) setResultAndStopExecution({ errors: [error] })
  },
  onSubscribe: ({ args, setResultAndStopExecution }) => {
    const error = findExcess(args)
    if (error) setResultAndStopExecution({ errors: [error] })
  },
}

type Operation = Pick<
  Parameters<NonNullable<Plugin['onExecute']>>[0]['args'],
  'schema' | 'document' | 'operationName' | 'variableValues' | 'contextValue'
>

function findExcess({ schema, document, operationName, variableValues, contextValue }: Operation): GraphQLError | null {
  const operation = getOperationAST(document, operationName)
  if (!operation) return null // the executor says so
  // The plugin looks at a document's first operation, so it gets the chosen one alone.
  const { definitions } = document as DocumentNode // envelop leaves it untyped
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
  const chosen: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] }
  try {
    const ctx: object = contextValue ?? {}
    const { complexity } = complexityFromQuery(chosen, { schema, ctx, variables: variableValues ?? {} })
    if (complexity <= maxComplexity) return null
    return tooLarge(`The operation costs ${complexity}; at most ${maxComplexity} is accepted. Ask for smaller pages.`)
  } catch (error) {
    if (error instanceof GraphQLError) return withoutSuggestion(error) // variables that do not fit
    throw error
  }
}
