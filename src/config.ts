// The only file that reads the environment. Every variable is checked at start and all problems are told together.

import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'

/** Any S3 server. `publicEndpoint` is how clients reach it, where that differs. */
type S3Config = {
  endpoint: string
  publicEndpoint: string | null
  accessKey: string
  secretKey: string
  bucket: string
  region: string
}

/** Everything a process of ours can be told from outside. */
export type Config = {
  /** 0: a free one. */
  port: number
  host: string
  /** Origin and path prefix under which clients reach this server, without a slash at its end. Null: from host and port. */
  publicUrl: string | null
  /** Further origins whose pages may use the API. */
  corsOrigins: readonly string[]
  /** Absolute. */
  dataDir: string
  /** Null: embedded Postgres under dataDir. */
  databaseUrl: string | null
  /** Null: a directory store under dataDir. */
  s3: S3Config | null
  /** Path of the fleet file. Null: the builtin models only. */
  fleetPath: string | null
  /** Signs links. Null: made once and kept in the database. */
  secret: string | null
  auth: 'off' | 'keys'
  /** The secret of the first OPERATOR key. Null: made and printed at the first start. */
  adminKey: string | null
  logLevel: LogLevel
}

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** The environment does not make a configuration; the message has one line a problem. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
    this.name = new.target.name
    this.problems = problems
  }
}

/** Pure: `env` is read and nothing else. Empty variables count as unset. Throws ConfigError. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const read = Environment.safeParse(given)
  const problems = read.success ? [] : read.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`)
  problems.push(...s3Problems(given))
  if (!read.success || problems.length > 0) throw new ConfigError(problems)
  const { data } = read
  return {
    port: data.PORT,
    host: data.HOST,
    publicUrl: data.PUBLIC_URL ?? null,
    corsOrigins: data.CORS_ORIGINS,
    dataDir: resolve(data.DATA_DIR),
    databaseUrl: data.DATABASE_URL ?? null,
    s3: toS3(data),
    fleetPath: data.FLEET ? resolve(data.FLEET) : null,
    secret: data.SECRET ?? null,
    auth: data.AUTH ?? (isLoopbackHost(data.HOST) ? 'off' : 'keys'),
    adminKey: data.ADMIN_KEY ?? null,
    logLevel: data.LOG_LEVEL,
  }
}

/** The configuration of this process. */
export function loadProcessConfig(): Config {
  return loadConfig(process.env)
}

/** What the command line takes from the environment: where the server is, the key for it, and whether colours are unwanted. */
export type ClientConfig = { server: string; key: string | null; isPlain: boolean }

/** Pure, as `loadConfig`. Throws ConfigError. */
export function loadClientConfig(env: Record<string, string | undefined>): ClientConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()))
  const read = ClientEnvironment.safeParse(given)
  if (!read.success) throw new ConfigError(read.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`))
  const { PENTIMENTO_SERVER: server, PENTIMENTO_KEY: key = null, NO_COLOR } = read.data
  return { server, key, isPlain: NO_COLOR !== undefined }
}

/** The command line's part of this process's environment. */
export function loadProcessClientConfig(): ClientConfig {
  return loadClientConfig(process.env)
}

/** The variables of this process, for the keys that a fleet file names. */
export function loadProcessEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}

/** Whether a host name (without port; IPv6 with or without brackets) can only mean this machine. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (isIP(name) === 4) return name.startsWith('127.')
  return name === '::1' || name === 'localhost' || name.endsWith('.localhost')
}

const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
  .refine(url => !/[?#]/.test(url), 'must have no query and no fragment')
  .transform(url => new URL(url).href.replace(/\/+$/, ''))

const origins = z.string().transform((text, context) =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(item => {
      const origin = URL.canParse(item) ? new URL(item).origin : 'null'
      if (origin === 'null' || !/^https?:\/\/[^/]+\/?$/i.test(item)) {
        const message = `"${item}" is not an origin such as https://app.example.org (scheme, host and port, no path, no *)`
        context.addIssue({ code: 'custom', message })
      }
      return origin
    }),
)

const Environment = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a number from 0 to 65535')
    .transform(Number)
    .refine(port => port <= 65_535, 'must be a number from 0 to 65535')
    .default(4000),
  HOST: z
    .string()
    .regex(/^[\w.:%-]+$/, 'must be a host name or an address')
    .default('127.0.0.1'),
  PUBLIC_URL: httpUrl.optional(),
  CORS_ORIGINS: origins.default([]),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be a URL such as postgres://user:password@host:5432/name' })
    .optional(),
  S3_ENDPOINT: httpUrl.optional(),
  S3_PUBLIC_ENDPOINT: httpUrl.optional(),
  S3_ACCESS_KEY: z.string().optional(),
  S3_SECRET_KEY: z.string().optional(),
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be 3 to 63 lower-case letters, digits, dots and hyphens')
    .default('pentimento'),
  S3_REGION: z.string().default('us-east-1'),
  FLEET: z.string().optional(),
  SECRET: z.string().min(8, 'must have at least 8 characters').optional(),
  AUTH: z.enum(['off', 'keys'], { error: 'must be off or keys' }).optional(),
  ADMIN_KEY: z
    .string()
    .regex(/^[\x21-\x7e]{8,200}$/, 'must be 8 to 200 printable ASCII characters without spaces')
    .optional(),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be fatal, error, warn, info, debug, trace or silent',
    })
    .default('info'),
})

const ClientEnvironment = z.object({
  PENTIMENTO_SERVER: httpUrl.default('http://127.0.0.1:4000'),
  PENTIMENTO_KEY: z.string().optional(),
  NO_COLOR: z.string().optional(),
})

function s3Problems(given: Record<string, string | undefined>): string[] {
  if (given.S3_ENDPOINT) {
    return ['S3_ACCESS_KEY', 'S3_SECRET_KEY']
      .filter(name => !given[name])
      .map(name => `${name}: must be set, because S3_ENDPOINT is`)
  }
  const stray = Object.keys(given).filter(name => STRAY_WITHOUT_ENDPOINT.has(name))
  return stray.map(name => `${name}: has no effect without S3_ENDPOINT; set that too, or unset this`)
}

const STRAY_WITHOUT_ENDPOINT = new Set([
  ...['S3_PUBLIC_ENDPOINT', 'S3_ACCESS_KEY', 'S3_SECRET_KEY', 'S3_BUCKET', 'S3_REGION'],
])

function toS3(data: z.infer<typeof Environment>): S3Config | null {
  if (!data.S3_ENDPOINT || !data.S3_ACCESS_KEY || !data.S3_SECRET_KEY) return null
  return {
    endpoint: data.S3_ENDPOINT,
    publicEndpoint: data.S3_PUBLIC_ENDPOINT ?? null,
    accessKey: data.S3_ACCESS_KEY,
    secretKey: data.S3_SECRET_KEY,
    bucket: data.S3_BUCKET,
    region: data.S3_REGION,
  }
}
