import type { GraphQLSchema } from 'graphql'
import type { Deps } from '../../src/deps.ts'
import { makeExportHandler } from '../../src/exports/serve-export.ts'
import { makeImageHandler } from '../../src/images/serve-image.ts'
import type { Metrics } from '../../src/metrics.ts'
import { makeObjectHandler } from '../../src/storage/object-route.ts'
import { makeAuthenticator } from './authenticate.ts'
import { makeHealth } from './health.ts'
import { makeHttpHandler } from './http-handler.ts'
import type { Handlers } from './http-server.ts'
import { makeLive } from './live.ts'
import { makeErrorMask } from './mask-error.ts'
import { makeOriginRules } from './origin.ts'
import { makeRewardsHandler } from './rewards.ts'
import { makeSessions } from './sessions.ts'
import { makeWebSocketEndpoint } from './websocket.ts'
import { webSocketOperations } from './websocket-operations.ts'
import { makeYoga } from './yoga.ts'

/** Everything that answers from outside, over HTTP and WebSocket. */
export type Api = Handlers & {
  /** From now on `/health/ready` says no. */
  leave(): void
  /** Ends every stream with a word to its reader that it goes on elsewhere. */
  endStreams(): Promise<void>
  dispose(): Promise<void>
}

/** Puts the parts of this folder together. */
export async function makeApi({
  schema,
  deps,
  metrics,
}: {
  schema: GraphQLSchema
  deps: Deps
  metrics: Metrics
}): Promise<Api> {
  const { config, db, feed, images, log, secret, storage } = deps
  const rules = makeOriginRules(config)
  const authenticator = await makeAuthenticator({ auth: config.auth, db, log })
  const sessions = makeSessions({ db, feed, log })
  const forgetKeys = feed.onKeyRevoked(authenticator.forget)
  const live = makeLive(deps)
  const { yoga, handle } = makeYoga({ schema, deps, sessions, metrics, plugins: [live.plugin] })
  const maskError = makeErrorMask(log)
  const sockets = makeWebSocketEndpoint({
    operations: webSocketOperations({ yoga, authenticator, sessions, live, maskError, log }),
    rules,
    log,
  })
  const health = makeHealth(
    {
      database: () => db.query('select 1'),
      storage: () => storage.check(),
      queue: () => db.query(`select from task where state = 'READY' limit 1`),
    },
    log,
  )
  const request = makeHttpHandler({
    graphql: handle,
    images: makeImageHandler({ storage, secret, gate: images.gate }),
    exports: makeExportHandler({ db, storage, secret }),
    rewards: makeRewardsHandler(deps),
    objects: config.s3 ? null : makeObjectHandler({ storage, secret }),
    ...{ health, metrics, rules, authenticator, log },
    publicUrl: deps.publicUrl,
    maxFileBytes: images.limits.maxBytes,
  })

  return {
    request,
    upgrade: sockets.upgrade,
    leave: health.leave,
    async endStreams() {
      sessions.stop()
      await sockets.close()
    },
    async dispose() {
      forgetKeys()
      await yoga.dispose()
    },
  }
}
