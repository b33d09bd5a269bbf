import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Plugin } from 'graphql-yoga'
import { makeAuthenticator } from '../../schema/http/authenticate.ts'
import type { Live } from '../../schema/http/live.ts'
import { makeErrorMask } from '../../schema/http/mask-error.ts'
import { makeOriginRules } from '../../schema/http/origin.ts'
import { makeSessions } from '../../schema/http/sessions.ts'
import { makeWebSocketEndpoint } from '../../schema/http/websocket.ts'
import { webSocketOperations } from '../../schema/http/websocket-operations.ts'
import { makeYoga } from '../../schema/http/yoga.ts'
import { schema } from '../../schema/index.ts'
import type { Deps } from '../../src/deps.ts'
import { makeMetrics } from '../../src/metrics.ts'
import { loadLocalCaller } from '../../src/tenancy/find-caller.ts'

/** Where it answers, over HTTP (SSE) and WebSocket alike. */
export type ServedGraphql = { url: string; webSocketUrl: string; close(): Promise<void> }

/** Our GraphQL on a free port, as the local OPERATOR. Without `live` each subscriber has an execution of its own. */
export async function serveGraphql(deps: Deps, live: Live | null, plugins: Plugin[] = []): Promise<ServedGraphql> {
  const { db, feed, log } = deps
  const authenticator = await makeAuthenticator({ auth: 'off', db, log })
  const sessions = makeSessions({ db, feed, log })
  const { yoga, handle } = makeYoga({
    schema,
    deps,
    sessions,
    metrics: makeMetrics(log),
    plugins: live ? [...plugins, live.plugin] : plugins,
  })
  const maskError = makeErrorMask(log)
  const operations = webSocketOperations({ yoga, authenticator, sessions, live, maskError, log })
  const sockets = makeWebSocketEndpoint({ operations, rules: makeOriginRules(deps.config), log })
  const caller = await loadLocalCaller(db)
  const server = createServer((req, res) => void handle(req, res, caller, null))
  server.on('upgrade', sockets.upgrade)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', 4_096, resolve))
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/graphql`,
    webSocketUrl: `ws://127.0.0.1:${port}/graphql`,
    async close() {
      sessions.stop()
      await sockets.close()
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
      await yoga.dispose()
    },
  }
}
