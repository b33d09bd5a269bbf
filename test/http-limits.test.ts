import { connect } from 'node:net'
import { getIntrospectionQuery, parse, specifiedRules, validate } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examples } from '../schema/http/graphiql.ts'
import { operationLimits } from '../schema/http/limits.ts'
import { schema } from '../schema/index.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { within } from './support/until.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const image = 'id width height contentType byteSize sha256 url thumbnail: url(width: 256, format: WEBP)'
const critique = `id source by semantic quality overall isSatisfied errorCode reasoning refinedPrompt createdAt`
const fullPage = `query ($first: Int!) {
  jobs(first: $first) {
    edges { cursor node {
      id kind status stopReason instruction batch tags metadata queuePosition lastEventSeq editorSeconds thinkerTokens
      createdAt startedAt finishedAt cancelRequestedAt error { code message isRetryable }
      editor { id } thinker { id } source { ${image} } result { ${image} } bestRound { id }
      rounds {
        id index candidate status prompt promptSource seed isSatisfied isBest editorSeconds startedAt editedAt
        error { code message isRetryable } parent { id } image { ${image} }
        critique { ${critique} } critiques { ${critique} }
      }
    } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

async function codesOf(query: string, variables = {}): Promise<unknown[]> {
  const { errors = [] } = await server.query(query, variables)
  return errors.map(error => error.extensions?.code)
}

const nested = (levels: number) => {
  let query = '__typename'
  for (let level = 0; level < levels; level++) query = `job { rounds { ${query} } }`
  return `{ jobs { edges { node { rounds { ${query} } } } } }`
}

describe('the limits admit', () => {
  it('a page of 100 jobs with all of their rounds, images and critiques', async () => {
    expect(await server.query(fullPage, { first: 100 })).toMatchObject({ data: { jobs: { edges: [] } } })
  })

  it("GraphiQL's introspection", async () => {
    const query = getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, specifiedByUrl: true })
    expect(await server.query(query)).toMatchObject({ data: { __schema: {} } })
  })

  it.each(examples)("GraphiQL's example $name", async ({ query, variables }) => {
    expect(validate(schema, parse(query), specifiedRules)).toEqual([])
    if (query.includes('subscription')) return
    const { errors } = await server.query(query, variables)
    expect(errors).toBeUndefined()
  })

  it('a batch of 500 edits with instructions of ordinary length', async () => {
    const query = `mutation ($input: StartEditsInput!) { startEdits(input: $input) { __typename } }`
    const edit = { sourceId: 'none', instruction: 'make the sky a little bluer, and the grass greener. '.repeat(20) }
    const { errors } = await server.query(query, { input: { edits: Array(500).fill(edit) } })
    expect(errors).toBeUndefined()
  })
})

describe('the limits refuse', () => {
  it.each([
    ['depth', nested(10)],
    ['aliases', `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`],
    ['directives', `{ viewer { ${Array.from({ length: 26 }, () => 'tenant @include(if: true)').join(' ')} } }`],
    ['document length', `{ __typename } # ${'x'.repeat(operationLimits.documentLength)}`],
  ])('too much %s', async (_what, query) => {
    expect(await codesOf(query)).toEqual(['OPERATION_TOO_LARGE'])
  })

  it('too many tokens, before they are all read', async () => {
    const { errors } = await server.query(`{ ${'viewer { tenant } '.repeat(2_000)} }`)
    expect(errors?.[0]?.message).toMatch(/3000 tokens/)
  })

  it('pages of pages, also where the size is a variable', async () => {
    const query = `query ($first: Int!) { jobs(first: $first) { edges { node { rounds { job { rounds { id prompt } } } } } } }`
    expect(await codesOf(query, { first: 100 })).toEqual(['OPERATION_TOO_LARGE'])
    expect(await codesOf(query, { first: 1 })).toEqual([])
  })

  it('a costly operation behind a cheap one in the same document', async () => {
    const costly = `rounds { job { rounds { job { rounds { id prompt } } } } }`
    const query = `query Cheap { __typename } query Costly { jobs(first: 100) { edges { node { ${costly} } } } }`
    const body = JSON.stringify({ query, operationName: 'Costly' })
    const response = await fetch(server.url, { method: 'POST', headers: server.headers, body })
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'OPERATION_TOO_LARGE' } }] })
  })

  it('with 400 and the answer that the caller accepts', async () => {
    const headers = { ...server.headers, accept: 'application/graphql-response+json' }
    const body = JSON.stringify({ query: nested(10) })
    const response = await fetch(server.url, { method: 'POST', headers, body })
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toMatch(/^application\/graphql-response\+json/)
    expect(JSON.stringify(await response.json())).not.toContain('"http"')
  })

  it('batches', async () => {
    const body = JSON.stringify([{ query: '{ __typename }' }, { query: '{ __typename }' }])
    const response = await fetch(server.url, { method: 'POST', headers: server.headers, body })
    expect(response.status).toBe(400)
  })

  it('to go on after a few faults, and never suggest a name', async () => {
    const { errors = [] } = await server.query(
      `{ ${Array.from({ length: 50 }, (_, i) => `viewerr${i}`).join(' ')} job }`,
    )
    expect(errors.length).toBeLessThan(8)
    expect(await server.query('{ viewr { tenant } }')).toMatchObject({
      errors: [{ message: expect.not.stringMatching(/did you mean|viewer/i) }],
    })
    const query = 'query ($status: [JobStatus!]) { jobs(filter: { status: $status }) { edges { cursor } } }'
    expect(await server.query(query, { status: ['QUEUD'] })).toMatchObject({
      errors: [{ message: expect.not.stringMatching(/did you mean|QUEUED/) }],
    })
  })
})

describe('a body', () => {
  it('over the limit is refused with 413 by its announced length, before it is sent', async () => {
    const answer = await sendRaw(`content-length: ${operationLimits.bodyBytes + 1}`, Buffer.from('{"query":"'), 1)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('REQUEST_ENTITY_TOO_LARGE')
  })

  it('over the limit is refused with 413 while it arrives without a length, and the connection is cut', async () => {
    const chunk = Buffer.alloc(100_000, ' ')
    const framed = Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])
    const answer = await sendRaw('transfer-encoding: chunked', framed, 10_000)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })
})

/** Sends the piece again and again until the server ends the connection; resolves with what it answered. */
function sendRaw(lengthHeader: string, piece: Buffer, times: number): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  let answer = ''
  let sent = 0
  const pump = () => {
    while (sent < times && socket.writable) {
      sent++
      if (!socket.write(piece)) return
    }
  }
  const ended = new Promise<string>(resolve => {
    socket.on('data', data => (answer += data))
    socket.on('drain', pump)
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => resolve(answer))
  })
  socket.write(`POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${lengthHeader}\r\n\r\n`)
  pump()
  return within('the connection is cut', ended, 8_000).finally(() => {
    expect(sent).toBeLessThanOrEqual(times)
    socket.destroy()
  })
}
