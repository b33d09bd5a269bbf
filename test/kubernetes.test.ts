import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { collectFromDatabase } from '../src/database-metrics.ts'
import { makeMetrics } from '../src/metrics.ts'
import { queueOf } from '../src/queue/task.ts'
import { parseFleet } from '../workers/fleet/fleet-file.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { silentLog } from './support/silent-log.ts'

const folder = join(import.meta.dirname, '../deploy/kubernetes')
const Labels = z.record(z.string(), z.string())
const Container = z.object({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  restartPolicy: z.string().optional(),
  env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.number() })).default([]),
  volumeMounts: z.array(z.object({ name: z.string() })).default([]),
})
const Deployment = z.object({
  kind: z.literal('Deployment'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.object({ matchLabels: Labels }),
    template: z.object({
      metadata: z.object({ labels: Labels }),
      spec: z.object({
        initContainers: z.array(Container).default([]),
        containers: z.array(Container),
        volumes: z.array(z.object({ name: z.string(), configMap: z.object({ name: z.string() }).optional() })),
      }),
    }),
  }),
})
const ScaledObject = z.object({
  kind: z.literal('ScaledObject'),
  apiVersion: z.literal('keda.sh/v1alpha1'),
  spec: z.object({
    scaleTargetRef: z.object({ name: z.string() }),
    minReplicaCount: z.number(),
    maxReplicaCount: z.number(),
    triggers: z.array(
      z.object({ type: z.literal('prometheus'), metadata: z.object({ query: z.string(), threshold: z.string() }) }),
    ),
  }),
})
const ConfigMap = z.object({ kind: z.literal('ConfigMap'), metadata: z.object({ name: z.string() }), data: Labels })
const Service = z.object({ kind: z.literal('Service'), spec: z.object({ selector: Labels }) })
const Resource = z.discriminatedUnion('kind', [Deployment, ScaledObject, ConfigMap, Service])

let resources: z.infer<typeof Resource>[]
let variables: (string | undefined)[]
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  const files = (await readdir(folder)).filter(name => name.endsWith('.yaml'))
  const texts = await Promise.all(files.map(name => readFile(join(folder, name), 'utf8')))
  const documents = texts.flatMap(text => parseAllDocuments(text))
  expect(documents.flatMap(document => document.errors)).toEqual([])
  resources = documents.map(document => Resource.parse(document.toJS()))
  const config = await readFile(join(folder, '../../src/config.ts'), 'utf8')
  variables = [...config.matchAll(/^ {2}([A-Z][A-Z\d_]+):/gm)].map(([, name]) => name)
})
afterAll(() => database.drop())

const ofKind = <Kind extends z.infer<typeof Resource>['kind']>(kind: Kind) =>
  resources.filter((resource): resource is Extract<z.infer<typeof Resource>, { kind: Kind }> => resource.kind === kind)

describe('the Kubernetes example', () => {
  it('selects the pods it makes, mounts the volumes it names and sets variables that exist', () => {
    const deployments = ofKind('Deployment')
    expect(deployments.map(({ metadata }) => metadata.name)).toEqual(['pentimento-api', 'pentimento-qwen-image-edit'])
    for (const { spec } of deployments) {
      const { metadata, spec: pod } = spec.template
      expect(metadata.labels).toMatchObject(spec.selector.matchLabels)
      for (const { volumeMounts, env } of [...pod.initContainers, ...pod.containers]) {
        for (const { name } of volumeMounts) expect(pod.volumes.map(volume => volume.name)).toContain(name)
        for (const { name } of env.filter(({ value }) => value !== undefined)) expect(variables).toContain(name)
      }
    }
    const [service] = ofKind('Service')
    expect(deployments[0]?.spec.template.metadata.labels).toMatchObject(service?.spec.selector ?? { none: 'found' })
  })

  it('gives each pod an endpoint of its own, at the server beside its worker', () => {
    const [, deployment] = ofKind('Deployment')
    const { initContainers, containers, volumes } = deployment?.spec.template.spec ?? {
      initContainers: [],
      containers: [],
      volumes: [],
    }
    const [server] = initContainers
    expect(server?.restartPolicy).toBe('Always') // ended after the worker, and not before
    const fleetMap = ofKind('ConfigMap').find(({ metadata }) =>
      volumes.some(({ configMap }) => configMap?.name === metadata.name),
    )
    const text = fleetMap?.data['fleet.yaml'] ?? ''
    expect(containers[0]?.command.join(' ')).toContain('sed "s/POD_IP/$POD_IP/" /etc/pentimento/fleet.yaml')
    const { models } = parseFleet(text.replaceAll('POD_IP', '10.0.0.7'), {
      path: 'fleet.yaml',
      env: {},
      readFile: String,
    })
    const port = server?.args[server.args.indexOf('--port') + 1]
    expect(models.map(({ urls }) => urls)).toEqual([[`http://10.0.0.7:${port}/v1`]])
    const served = models[0]?.settings
    expect(served && 'servedModel' in served && served.servedModel).toBe(
      server?.args[server.args.indexOf('--model') + 1],
    )
  })

  it('scales a Deployment of its own on a metric that the API has, with labels that it gives', async () => {
    const [scaled] = ofKind('ScaledObject')
    const target = scaled?.spec.scaleTargetRef.name
    expect(ofKind('Deployment').map(({ metadata }) => metadata.name)).toContain(target)
    const { query = '', threshold = '' } = scaled?.spec.triggers[0]?.metadata ?? {}
    expect(Number(threshold)).toBeGreaterThan(0)
    const [, name = '', selector = ''] = /(pentimento_\w+)\{(.*?)\}/.exec(query) ?? []
    const metrics = makeMetrics(silentLog)
    collectFromDatabase(metrics, database.db)
    const metric = metrics.registry.getSingleMetric(name)
    expect(metric).toBeDefined()
    const labels = Object.fromEntries(
      [...selector.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]),
    )
    const labelNames = metric && 'labelNames' in metric ? metric.labelNames : []
    expect(labelNames).toEqual(expect.arrayContaining([...Object.keys(labels), 'state']))
    expect(`${labels.stage}:${labels.model}`).toBe(queueOf('EDIT', 'qwen-image-edit'))
  })
})
