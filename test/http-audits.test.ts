import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestServer, type TestServer } from './support/server.ts'

describe.each(['off', 'keys'] as const)('GraphQL over HTTP with AUTH=%s', auth => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ auth })
  })
  afterAll(() => server.close())

  const audits = serverAudits({
    url: () => server.url,
    fetchFn: (url: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      if (server.headers.authorization) headers.set('authorization', server.headers.authorization)
      return fetch(url, { ...init, headers })
    },
  })

  it('has all 61 audits', () => {
    expect(audits).toHaveLength(61)
  })

  it.each(audits.map(audit => [audit.id, audit.name, audit] as const))('%s %s', async (_id, _name, audit) => {
    const result = await audit.fn()
    expect(result.status === 'ok' ? 'ok' : `${result.status}: ${result.reason}`).toBe('ok')
  })
})
