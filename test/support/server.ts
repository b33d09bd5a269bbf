import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AppOptions, buildApp, type RunningApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Db } from '../../src/db.ts'
import type { Role } from '../../src/tenancy/caller.ts'
import { createApiKey } from '../../src/tenancy/create-api-key.ts'
import { loadLocalCaller } from '../../src/tenancy/find-caller.ts'
import { setTenant } from '../../src/tenancy/set-tenant.ts'
import { defaultFleet } from '../../workers/fleet/fleet.ts'
import { createTestDatabase } from './database.ts'
import { silentLog } from './silent-log.ts'

/** The OPERATOR key of a test server with `auth: 'keys'`. */
export const adminKey = 'the-admin-key-of-the-tests'

export type TestServerOptions = {
  /** Default `off`. */
  auth?: 'off' | 'keys'
  /** Default `none`. */
  workers?: 'none' | 'in-process'
  /** Further variables of the environment. */
  env?: Record<string, string>
  /** A database that others use too; it is left alone at the end. */
  databaseUrl?: string
} & Pick<Partial<AppOptions>, 'log' | 'fleet' | 'imageLimits'>

export type TestServer = Pick<RunningApp, 'deps'> & {
  /** Such as `http://127.0.0.1:40123`, also where PUBLIC_URL says another. */
  origin: string
  port: number
  /** Its GraphQL address over HTTP. */
  url: string
  /** Its GraphQL address over WebSocket. */
  webSocketUrl: string
  databaseUrl: string
  db: Db
  /** The headers of an authorised JSON request; with `auth: 'off'` without a key. */
  headers: Record<string, string>
  /** Makes a key of a tenant, which is made too. */
  createKey(tenant: string, role: Role, expiresAt?: Date): Promise<{ id: string; secret: string }>
  /** Runs an operation as `secret`'s owner, by default the OPERATOR, and gives the response's JSON. */
  query<Data = Record<string, unknown>>(
    query: string,
    variables?: Record<string, unknown>,
    secret?: string,
  ): Promise<{ data?: Data; errors?: { message: string; extensions?: Record<string, unknown> }[] }>
  close(): Promise<void>
}

/** A whole server on a free port, over a database and folders of its own. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { auth = 'off', workers = 'none' } = options
  const database = options.databaseUrl === undefined ? await createTestDatabase() : null
  const databaseUrl = options.databaseUrl ?? database?.url ?? ''
  const dataDir = await mkdtemp(join(tmpdir(), 'pentimento-server-'))
  const config = loadConfig({
    ...{ PORT: '0', AUTH: auth, DATA_DIR: dataDir, DATABASE_URL: databaseUrl },
    ...(auth === 'keys' && { ADMIN_KEY: adminKey }),
    ...options.env,
  })
  const fleet = options.fleet ?? (workers === 'in-process' ? defaultFleet() : null)
  const { log = silentLog, imageLimits = {} } = options
  const app = buildApp(config, { log, fleet, imageLimits })
  const clear = async () => {
    await app.stop()
    await database?.drop()
    await rm(dataDir, { recursive: true, force: true })
  }
  const { port, deps } = await app.start().catch(async error => {
    await clear()
    throw error
  })
  const origin = `http://127.0.0.1:${port}`
  const url = `${origin}/graphql`
  const headersOf = (secret: string | null) => ({
    'content-type': 'application/json',
    ...(secret !== null && { authorization: `Bearer ${secret}` }),
  })
  const ownSecret = auth === 'keys' ? (config.adminKey ?? adminKey) : null

  return {
    ...{ origin, port, url, databaseUrl, deps, db: deps.db },
    webSocketUrl: url.replace(/^http/, 'ws'),
    headers: headersOf(ownSecret),
    async createKey(tenant, role, expiresAt) {
      const operator = await loadLocalCaller(deps.db)
      await setTenant(deps.db, operator, { name: tenant, weight: 1 })
      return createApiKey(deps.db, operator, { name: `${tenant} ${role}`, role, tenant, expiresAt: expiresAt ?? null })
    },
    async query(query, variables = {}, secret) {
      const headers = headersOf(secret ?? ownSecret)
      const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
      return response.json() as Promise<{ data?: never; errors?: never }> // the caller names the data
    },
    close: clear,
  }
}
