import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, isLoopbackHost, loadConfig } from '../src/config.ts'

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(loadConfig({})).toEqual({
      port: 4000,
      host: '127.0.0.1',
      publicUrl: null,
      corsOrigins: [],
      dataDir: resolve('data'),
      databaseUrl: null,
      s3: null,
      fleetPath: null,
      secret: null,
      auth: 'off',
      adminKey: null,
      logLevel: 'info',
    })
  })

  it('reads every variable', () => {
    const config = loadConfig({
      PORT: '0',
      HOST: '0.0.0.0',
      PUBLIC_URL: 'https://images.example.org/pentimento/',
      CORS_ORIGINS: 'https://app.example.org, http://localhost:5173/',
      DATA_DIR: '/var/lib/pentimento',
      DATABASE_URL: 'postgresql://user:word@db:5432/pentimento?sslmode=require',
      S3_ENDPOINT: 'http://minio:9000',
      S3_PUBLIC_ENDPOINT: 'https://s3.example.org',
      S3_ACCESS_KEY: 'access',
      S3_SECRET_KEY: 'hidden',
      S3_BUCKET: 'pictures',
      S3_REGION: 'eu-west-1',
      FLEET: '/etc/fleet.yaml',
      SECRET: '0123456789abcdef',
      AUTH: 'keys',
      ADMIN_KEY: 'operator-key-of-mine',
      LOG_LEVEL: 'warn',
    })
    expect(config).toEqual({
      port: 0,
      host: '0.0.0.0',
      publicUrl: 'https://images.example.org/pentimento',
      corsOrigins: ['https://app.example.org', 'http://localhost:5173'],
      dataDir: '/var/lib/pentimento',
      databaseUrl: 'postgresql://user:word@db:5432/pentimento?sslmode=require',
      s3: {
        endpoint: 'http://minio:9000',
        publicEndpoint: 'https://s3.example.org',
        accessKey: 'access',
        secretKey: 'hidden',
        bucket: 'pictures',
        region: 'eu-west-1',
      },
      fleetPath: '/etc/fleet.yaml',
      secret: '0123456789abcdef',
      auth: 'keys',
      adminKey: 'operator-key-of-mine',
      logLevel: 'warn',
    })
  })

  it('asks for keys on every host that others can reach, unless told otherwise', () => {
    for (const HOST of ['0.0.0.0', '::', '192.168.1.5', 'images.example.org', '128.0.0.1']) {
      expect(loadConfig({ HOST }).auth, HOST).toBe('keys')
      expect(loadConfig({ HOST, AUTH: 'off' }).auth, HOST).toBe('off')
    }
    for (const HOST of ['127.0.0.1', '127.8.8.8', 'localhost', '::1']) {
      expect(loadConfig({ HOST }).auth, HOST).toBe('off')
      expect(loadConfig({ HOST, AUTH: 'keys' }).auth, HOST).toBe('keys')
    }
  })

  it('tells all problems at once, each with its variable', () => {
    const problems = problemsOf({
      PORT: '70000',
      PUBLIC_URL: 'images.example.org',
      CORS_ORIGINS: 'https://fine.example.org *',
      DATABASE_URL: 'mysql://db',
      S3_ENDPOINT: 'http://minio:9000',
      AUTH: 'none',
      ADMIN_KEY: 'short',
      LOG_LEVEL: 'loud',
    })
    expect(problems.map(problem => problem.split(':')[0]).sort()).toEqual([
      ...['ADMIN_KEY', 'AUTH', 'CORS_ORIGINS', 'DATABASE_URL', 'LOG_LEVEL', 'PORT', 'PUBLIC_URL'],
      ...['S3_ACCESS_KEY', 'S3_SECRET_KEY'],
    ])
    expect(() => loadConfig({ PORT: 'x', AUTH: 'none' })).toThrow(
      'The configuration is not usable:\n  - PORT: must be a number from 0 to 65535\n  - AUTH: must be off or keys',
    )
  })

  it('never repeats a secret in a problem', () => {
    const problems = problemsOf({ SECRET: 'hush', ADMIN_KEY: 'tattle', S3_SECRET_KEY: 'whisper' })
    expect(problems).toHaveLength(3)
    expect(problems.join()).not.toMatch(/hush|tattle|whisper/)
  })

  it('says when an S3 variable has no effect', () => {
    expect(problemsOf({ S3_BUCKET: 'pictures' })).toEqual([
      'S3_BUCKET: has no effect without S3_ENDPOINT; set that too, or unset this',
    ])
  })

  it('takes an empty variable as unset', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ', S3_ENDPOINT: '', AUTH: '' })).toEqual(loadConfig({}))
  })
})

describe('a loopback host', () => {
  it.each(['localhost', 'LOCALHOST', 'app.localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])('is %s', host => {
    expect(isLoopbackHost(host)).toBe(true)
  })
  it.each(['127.0.0.1.example.org', 'localhost.example.org', '0.0.0.0', '::', '1.127.0.0', ''])('is not %j', host => {
    expect(isLoopbackHost(host)).toBe(false)
  })
})
