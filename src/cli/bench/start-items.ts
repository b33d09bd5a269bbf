import { z } from 'zod'
import { type BenchmarkItem, type BenchmarkName, type BenchmarkPicture, toItemId } from '../../benchmarks/benchmark.ts'
import type { ApiClient } from '../api-client.ts'
import { outlastServer } from '../outlast-server.ts'
import { type StoredPicture, storePictures } from './store-pictures.ts'

const ITEMS_A_CALL = 200

/** What a run's results depend on, as the API takes it. */
export type RunInput = {
  benchmark: BenchmarkName
  editor: string
  thinker: string | undefined
  settings: Record<string, unknown>
  variant: string | undefined
}

/** An item that could not be started. */
export type RefusedItem = { item: string; problem: string }

const document = `mutation StartRun($input: StartBenchmarkRunInput!) {
  startBenchmarkRun(input: $input) {
    __typename
    ... on StartBenchmarkRunSuccess {
      label fingerprint
      jobs { __typename ... on StartBenchmarkItemSuccess { job { id } } ... on Error { code message } }
    }
    ... on Error { code message }
  }
}`
const Success = z.object({
  label: z.string(),
  fingerprint: z.string(),
  jobs: z.array(
    z.union([z.object({ job: z.object({ id: z.string() }) }), z.object({ code: z.string(), message: z.string() })]),
  ),
})

/** The run, and the items that are not in it. `label` null: none is. */
export type StartedItems = { label: string | null; fingerprint: string | null; refused: RefusedItem[] }

/**
 * Uploads the pictures of the items and starts them, in their order and in portions, so that the first are edited while the
 * last are uploaded; what was started before is found again. `tell` hears how many are done.
 */
export async function startItems(
  api: ApiClient,
  run: RunInput,
  { items, tell }: { items: readonly BenchmarkItem[]; tell: (done: number) => void },
): Promise<StartedItems> {
  const started: StartedItems = { label: null, fingerprint: null, refused: [] }
  for (let from = 0; from < items.length; from += ITEMS_A_CALL) {
    const portion = items.slice(from, from + ITEMS_A_CALL)
    const stored = await storePictures(
      api,
      portion.flatMap(({ source, references, pictures }) => [source, ...references, ...Object.values(pictures)]),
    )
    const ready: { item: BenchmarkItem; input: object }[] = []
    for (const item of portion) {
      const input = toInput(item, stored)
      if (typeof input === 'string') started.refused.push({ item: toItemId(item), problem: input })
      else ready.push({ item, input })
    }
    if (ready.length > 0) {
      const input = { ...run, benchmark: run.benchmark.toUpperCase(), items: ready.map(one => one.input) }
      const { label, fingerprint, jobs } = await outlastServer(() => api.mutate(document, { input }, Success))
      Object.assign(started, { label, fingerprint })
      for (const [i, job] of jobs.entries()) {
        const item = ready[i]?.item
        if (item && 'code' in job) started.refused.push({ item: toItemId(item), problem: toProblem(job) })
      }
    }
    tell(from + portion.length)
  }
  return started
}

function toProblem({ code, message }: { code: string; message: string }): string {
  if (code !== 'IDEMPOTENCY_CONFLICT') return message
  return 'It was started before with another instruction, picture or fact: has the data changed? --variant makes another run.'
}

/** The item as the API takes it, or what is wrong with one of its pictures. */
function toInput(
  { key, taskType, language, instruction, source, references, pictures, facts }: BenchmarkItem,
  stored: ReadonlyMap<BenchmarkPicture, StoredPicture>,
): string | object {
  const named = [source, ...references, ...Object.values(pictures)].map(picture => stored.get(picture))
  const bad = named.find(found => found === undefined || 'problem' in found)
  if (bad && 'problem' in bad) return bad.problem
  const idOf = (picture: BenchmarkPicture) => {
    const found = stored.get(picture)
    if (!found || 'problem' in found) throw new Error('A picture was not stored.')
    return found.id
  }
  return {
    ...{ key, taskType, language: language.toUpperCase(), instruction, facts, sourceId: idOf(source) },
    referenceIds: references.map(idOf),
    pictures: Object.fromEntries(Object.entries(pictures).map(([name, picture]) => [name, idOf(picture)])),
  }
}
