import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { catalog } from '../src/catalog.ts'
import { loadConfig } from '../src/config.ts'
import { loadFleet } from '../workers/fleet/fleet-file.ts'

const root = join(import.meta.dirname, '..')
const Service = z.object({
  image: z.string(),
  build: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
})
const Device = z.object({
  driver: z.literal('nvidia'),
  device_ids: z.array(z.string()),
  capabilities: z.array(z.string()),
})
const ModelServer = Service.extend({
  profiles: z.array(z.string()),
  ipc: z.string(),
  deploy: z.object({ resources: z.object({ reservations: z.object({ devices: z.array(Device) }) }) }),
})
const Compose = z.object({
  services: z.strictObject({
    postgres: Service,
    minio: Service,
    api: Service,
    worker: Service,
    'editthinker-8b': ModelServer,
    'qwen-image-edit': ModelServer,
    'gpu-worker': Service.extend({ profiles: z.array(z.string()) }),
  }),
  volumes: z.record(z.string(), z.unknown()),
})

let compose: z.infer<typeof Compose>
let dockerfile: string
let ignored: string[]
let variables: unknown[]
beforeAll(async () => {
  const read = (name: string) => readFile(join(root, name), 'utf8')
  compose = Compose.parse(parse(await read('docker-compose.yml'), { merge: true }))
  dockerfile = await read('Dockerfile')
  variables = [...(await read('src/config.ts')).matchAll(/^ {2}([A-Z][A-Z\d_]+):/gm)].map(([, name]) => name)
  ignored = (await read('.dockerignore')).split('\n').filter(Boolean)
})

/** What compose gives the container when ADMIN_KEY is set and nothing else. */
function environmentOf(name: 'api' | 'worker' | 'gpu-worker'): Record<string, string> {
  const entries = Object.entries(compose.services[name].environment)
  return Object.fromEntries(entries.map(([key, value]) => [key, value.replace(/\$\{\w+:\?[^}]+\}/, 'an-admin-key')]))
}

/** The instructions of the last stage, continued lines joined. */
function lastStage(): string[] {
  const lines = dockerfile.replace(/\\\n\s*/g, '').split('\n')
  return lines.slice(lines.findLastIndex(line => line.startsWith('FROM')))
}

describe('docker-compose.yml', () => {
  it('pins every image that it does not build, MinIO by digest from Quay', () => {
    const { postgres, minio, api, worker } = compose.services
    expect(postgres.image).toMatch(/^postgres:\d+\.\d+-\w+$/)
    expect(minio.image).toMatch(/^quay\.io\/minio\/minio:RELEASE\.[\dTZ-]+@sha256:[\da-f]{64}$/)
    expect(api.build).toBe('.')
    expect(worker.image).toBe(api.image)
  })

  it.each(['api', 'worker', 'gpu-worker'] as const)(
    'gives the %s a configuration that is accepted and known whole',
    name => {
      const env = environmentOf(name)
      const config = loadConfig(env)
      expect(config.databaseUrl).toBe(env.DATABASE_URL)
      expect(config.s3).toMatchObject({ endpoint: env.S3_ENDPOINT, bucket: env.S3_BUCKET })
      expect(variables).toEqual(expect.arrayContaining(Object.keys(env)))
    },
  )

  it('names the accounts of Postgres and MinIO as their services make them', () => {
    const { postgres, minio, api } = compose.services
    const database = new URL(api.environment.DATABASE_URL ?? '')
    expect(database.hostname).toBe('postgres')
    expect([database.username, database.password, database.pathname.slice(1)]).toEqual([
      ...[postgres.environment.POSTGRES_USER, postgres.environment.POSTGRES_PASSWORD, postgres.environment.POSTGRES_DB],
    ])
    expect(new URL(api.environment.S3_ENDPOINT ?? '').hostname).toBe('minio')
    const { S3_ACCESS_KEY, S3_SECRET_KEY } = api.environment
    expect([S3_ACCESS_KEY, S3_SECRET_KEY]).toEqual([
      ...[minio.environment.MINIO_ROOT_USER, minio.environment.MINIO_ROOT_PASSWORD],
    ])
  })

  it('opens ports to this machine alone and asks for keys and for the first of them', () => {
    for (const { ports } of Object.values(compose.services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
    }
    expect(loadConfig(environmentOf('api')).auth).toBe('keys')
    expect(compose.services.api.environment.ADMIN_KEY).toMatch(/^\$\{ADMIN_KEY:\?/)
  })

  it('starts the API when its database and store are healthy, then the workers, and keeps both in volumes', () => {
    const { api, worker, postgres, minio } = compose.services
    expect(api.depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      minio: { condition: 'service_healthy' },
    })
    expect(worker.depends_on).toEqual({ api: { condition: 'service_healthy' } })
    for (const { healthcheck, volumes } of [postgres, minio]) {
      expect(healthcheck?.test.length).toBeGreaterThan(1)
      expect(Object.keys(compose.volumes)).toContain(volumes[0]?.split(':')[0])
    }
  })

  it.each(['api', 'worker', 'gpu-worker'] as const)('runs the compiled entry of the %s, whose source exists', name => {
    const [program, entry = ''] = compose.services[name].command ?? []
    expect(program).toBe('node')
    expect(existsSync(join(root, entry.replace(/^dist\//, '').replace(/\.js$/, '.ts')))).toBe(true)
  })
})

describe('the gpu profile', () => {
  const servers = ['editthinker-8b', 'qwen-image-edit'] as const

  it.each(servers)('runs %s pinned, on a GPU of its own, with a health check and caches that outlive it', name => {
    const { image, profiles, ipc, volumes, healthcheck, deploy, ports } = compose.services[name]
    expect(image).toMatch(/^vllm\/vllm-(openai|omni):v\d+\.\d+\.\d+$/)
    expect({ profiles, ipc, ports }).toEqual({ profiles: ['gpu'], ipc: 'host', ports: [] })
    expect(healthcheck?.test.join(' ')).toContain('http://127.0.0.1:8000/health')
    for (const volume of volumes) expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
    const [device] = deploy.resources.reservations.devices
    expect(device?.capabilities).toEqual(['gpu'])
  })

  it('gives the two servers different GPUs', () => {
    const ids = servers.flatMap(name =>
      compose.services[name].deploy.resources.reservations.devices.flatMap(device => device.device_ids),
    )
    expect(ids.map(id => /^\$\{\w+_GPU:-(\d+)\}$/.exec(id)?.[1])).toEqual(['0', '1'])
  })

  it('drives them by a fleet file that is mounted, names them as compose does and serves models of the catalogue', async () => {
    const { volumes, profiles, environment, depends_on } = compose.services['gpu-worker']
    const [file = '', target = '', mode] = volumes[0]?.split(':') ?? []
    expect({ profiles, target, mode }).toEqual({ profiles: ['gpu'], target: environment.FLEET, mode: 'ro' })
    const { models } = loadFleet(join(root, file), {})
    expect(Object.keys(depends_on).sort()).toEqual(['api', ...models.map(({ model }) => model)].sort())
    for (const { model, urls, settings } of models) {
      const service = servers.find(name => name === model)
      const command = service && compose.services[service].command
      expect(urls).toEqual([`http://${service}:${command?.[command.indexOf('--port') + 1]}/v1`])
      const served = 'servedModel' in settings ? settings.servedModel : null
      expect(command?.[command.indexOf('--model') + 1]).toBe(served)
      const known = catalog.get(model)?.servers.map(({ entry }) => entry.servedModel)
      expect(known).toContain(served)
    }
  })
})

describe('Dockerfile', () => {
  it('copies only what exists and is not ignored', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, files = '']) => files.split(' '))
    const fromBuild = [...dockerfile.matchAll(/^COPY --from=build (.+) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    )
    const names = [...copied, ...fromBuild.map(path => path.replace('/app/', ''))].filter(name => name !== 'dist')
    expect(names.length).toBeGreaterThan(4)
    for (const name of names) {
      expect(existsSync(join(root, name)), name).toBe(true)
      expect(ignored).not.toContain(name)
    }
  })

  it('runs as a user of its own, says whether it is well, and serves the API', () => {
    const stage = lastStage()
    expect(stage).toContain('USER node')
    expect(stage.join('\n')).toMatch(/HEALTHCHECK .*\/health\/live/)
    expect(stage).toContain('CMD ["node", "dist/src/server.js", "--no-workers"]')
    const env = Object.fromEntries(
      (stage.find(line => line.startsWith('ENV ')) ?? '')
        .split(' ')
        .slice(1)
        .map(pair => pair.split('=')),
    )
    expect(loadConfig(env)).toMatchObject({ host: '0.0.0.0', port: 4000, auth: 'keys', dataDir: '/data' })
  })

  it('builds with a Node that the package accepts', async () => {
    const { engines } = z
      .object({ engines: z.object({ node: z.string() }) })
      .parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
    const least = Number(/\d+/.exec(engines.node)?.[0])
    const majors = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, major]) => Number(major))
    expect(majors.length).toBe(2)
    for (const major of majors) expect(major).toBeGreaterThanOrEqual(least)
  })
})
