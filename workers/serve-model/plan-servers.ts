import { join } from 'node:path'
import { stringify } from 'yaml'
import { type CatalogModel, catalog, type ModelServer, type ServerKind } from '../../src/catalog.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { parseFleet } from '../fleet/fleet-file.ts'

/** What `pentimento fleet start` was told. */
export type ServeRequest = {
  model: string
  /** Null: the usual one of the model. */
  server: ServerKind | null
  /** As CUDA names them; empty: one server, which finds its GPUs itself. */
  gpus: readonly string[]
  /** Of the first server, the others follow; null: 8000, or the server's own. */
  port: number | null
  /** A shell command instead of the catalogue's; `{port}` and `{gpus}` are filled in. */
  command: string | null
  /** Further arguments of each server. */
  extra: readonly string[]
  /** The name under which workers anywhere reach this host: with the port it names an endpoint. */
  host: string
  /** Calls at once of each server; null: the catalogue's. */
  capacity: number | null
  /** Where the servers' output goes. */
  logFolder: string
}

/** One server to be started. `env`: beside the variables of this process. */
export type PlannedServer = {
  title: string
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  port: number
  healthUrl: string
  logFile: string
}

/** The servers of one model, and the fleet that a worker drives them with. */
export type ServePlan = { servers: readonly PlannedServer[]; fleet: Fleet }

/** Nothing can be started as asked; the message is for the operator. */
export class ServePlanError extends Error {
  constructor(message: string) {
    super(message)
    this.name = new.target.name
  }
}

const FIRST_PORT = 8_000

/** One server for every so many GPUs as the catalogue says, on ports that follow each other. Throws ServePlanError. */
export function planServers(request: ServeRequest): ServePlan {
  const model = findModel(request.model)
  const server = findServer(model, request.server)
  const groups = groupGpus(request.gpus, model, server)
  const firstPort = choosePort(request.port, server)
  const servers = groups.map((gpus, index) => planServer(request, server, { gpus, port: firstPort + index }))
  const urls = servers.map(({ port }) => `http://${request.host}:${port}${server.basePath}`)
  const parallel = server.gpus === 'all' ? Math.max(1, request.gpus.length) : 1
  const capacity = request.capacity ?? server.entry.capacity * parallel
  const section = model.kinds.includes('THINKER') ? 'thinkers' : 'editors'
  const text = stringify({ [section]: [{ model: model.id, urls, ...server.entry, capacity }] })
  return { servers, fleet: parseFleet(text, { path: 'catalogue', env: {}, readFile: refuseFile }) }
}

function findModel(id: string): CatalogModel {
  const model = catalog.get(id)
  if (!model) {
    const known = [...catalog.values()].filter(({ servers }) => servers.length > 0).map(known => known.id)
    throw new ServePlanError(`The catalogue has no model "${id}". It can start ${known.join(', ')}.`)
  }
  return model
}

function findServer({ id, servers, hosted }: CatalogModel, kind: ServerKind | null): ModelServer {
  const [usual] = servers
  if (!usual) {
    const way = hosted
      ? `It is not served on a host of yours: list it in a fleet file as ${JSON.stringify({ model: id, ...hosted })}.`
      : 'List a server of it in a fleet file.'
    throw new ServePlanError(`The catalogue knows no server of ${id} to start. ${way}`)
  }
  if (kind === null) return usual
  const found = servers.find(({ server }) => server === kind)
  if (found) return found
  const kinds = servers.map(({ server }) => server).join(' or ')
  throw new ServePlanError(`The catalogue knows how to serve ${id} with ${kinds}, not with ${kind}.`)
}

function groupGpus(gpus: readonly string[], { id }: CatalogModel, { gpus: each, server }: ModelServer): string[][] {
  if (gpus.length === 0 || each === 'all') return [[...gpus]]
  if (gpus.length % each !== 0) {
    throw new ServePlanError(`${id} on ${server} takes ${each} GPUs a server, so ${gpus.length} make no whole servers.`)
  }
  return Array.from({ length: gpus.length / each }, (_, index) => gpus.slice(index * each, (index + 1) * each))
}

function choosePort(asked: number | null, { port, server }: ModelServer): number {
  if (port === null) return asked ?? FIRST_PORT
  if (asked === null || asked === port) return port
  throw new ServePlanError(`The port of this ${server} server is written in its script: it is ${port}.`)
}

function planServer(
  { model, command, extra, logFolder }: ServeRequest,
  server: ModelServer,
  { gpus, port }: { gpus: readonly string[]; port: number },
): PlannedServer {
  const count = gpus.length > 0 ? gpus.length : server.gpus === 'all' ? 1 : server.gpus
  const fill = (text: string) => text.replaceAll('{port}', String(port)).replaceAll('{gpus}', String(count))
  const argv = command === null ? server.argv.map(fill) : ['/bin/sh', '-c', `${fill(command)} "$@"`, 'sh']
  const where = gpus.length > 0 ? ` on GPU ${gpus.join(', ')}` : ''
  return {
    title: `${model}${where}, port ${port}`,
    argv: [...argv, ...extra],
    env: { ...server.env, PORT: String(port), ...(gpus.length > 0 && { CUDA_VISIBLE_DEVICES: gpus.join(',') }) },
    port,
    // By address: the name is for others, and need not resolve to a loopback that the server listens on.
    healthUrl: `http://127.0.0.1:${port}${server.healthPath}`,
    logFile: join(logFolder, `${model}-${port}.log`),
  }
}

function refuseFile(name: string): never {
  throw new Error(`The catalogue names no files, but ${name} is asked for.`)
}
