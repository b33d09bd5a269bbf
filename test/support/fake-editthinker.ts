// A server of one of the paper's nine services: JSON with bare base64, an unknown field dropped in silence, a range error
// as 422 with a list, every other failure as 500 with a text.

import sharp from 'sharp'
import { type ServiceFacts, serviceFacts } from './fake-editthinker-facts.ts'
import { type FakeBehavior, type FakeModelServer, FakeRefusal, startFakeModelServer } from './fake-model-server.ts'
import { paintPicture } from './paint-picture.ts'

type Fields = Record<string, unknown>

/** `requests`: the bodies as they came, known fields or not. */
export type FakeEditthinker = FakeModelServer & { readonly requests: readonly Fields[] }

/** What can be wrong with its GPUs: no manager at all, or processes that died and are still counted. */
export type FakeGpus = { hasManager: boolean; activeWorkers: number }

/** `answer` replaces the body of a good answer. */
export async function startFakeEditthinker(options: {
  service: string
  gpus?: FakeGpus
  behavior?: FakeBehavior
  answer?: (good: Fields) => unknown
}): Promise<FakeEditthinker> {
  const { service, gpus = { hasManager: true, activeWorkers: 1 }, behavior, answer = good => good } = options
  const facts = serviceFacts[service]
  if (!facts) throw new Error(`There is no service ${service}.`)
  const requests: Fields[] = []
  const server = await startFakeModelServer({
    base: '',
    posts: {
      [facts.path]: async (_, body) => {
        const fields: Fields = JSON.parse(body.toString('utf8'))
        requests.push(fields)
        return answer(await work(facts, fields, gpus))
      },
    },
    gets: {
      '/health': () => ({ status: '健康', [facts.readyFlag]: gpus.hasManager, timestamp: Date.now() / 1_000 }),
      '/status': () => {
        if (!gpus.hasManager) throw new FakeRefusal(503, { detail: 'GPU管理器未初始化' })
        const queues = { task_queue_size: 0, result_queue_size: 0, pending_tasks: 0 }
        return { active_workers: gpus.activeWorkers, ...queues, total_gpus: 1, system_ready: true }
      },
    },
    ...(behavior && { behavior }),
  })
  return Object.defineProperty(server, 'requests', { value: requests }) as FakeEditthinker // the getters stay alive
}

async function work(facts: ServiceFacts, fields: Fields, gpus: FakeGpus): Promise<Fields> {
  validate(facts, fields)
  if (!gpus.hasManager) throw new FakeRefusal(503, { detail: 'GPU管理器未初始化' })
  const seed = typeof fields.seed === 'number' ? fields.seed : Math.floor(Math.random() * 2_147_483_648)
  const [source] = await Promise.all(facts.pictures.map(name => readPicture(facts, name, fields[name])))
  const [width = 0, height = 0] = facts.sizes
    ? (facts.sizes[String(fields.aspect_ratio)] ?? facts.sizes['1:1'] ?? [])
    : [Number(fields.width ?? source?.width), Number(fields.height ?? source?.height)]
  const painted = await paintPicture(`${fields.prompt} ${seed}`, { width, height })
  const isEnhanced = fields.enhance_prompt ?? facts.fields.enhance_prompt?.usual ?? false
  return {
    success: true,
    task_id: `task_0_${Date.now() / 1_000}`,
    ...(facts.pictures.length > 0 && { original_image: fields.image, original_prompt: fields.prompt }),
    ...(facts.pictures.includes('mask_image') && { mask_image: fields.mask_image }),
    [facts.answer]: painted.toString('base64'),
    seed,
    enhanced_prompt: isEnhanced ? `${fields.prompt}, ultra HD` : null,
    gpu_id: 0,
    error: null,
    ...(facts.modelType && { model_type: facts.modelType }),
  }
}

// FastAPI's own words; null passes everywhere, and fails later in the pipeline.
function validate(facts: ServiceFacts, fields: Fields): void {
  const fail = (name: string, type: string, msg: string) => {
    throw new FakeRefusal(422, { detail: [{ type, loc: ['body', name], msg, input: fields[name] ?? null }] })
  }
  if (typeof fields.prompt !== 'string') fail('prompt', 'missing', 'Field required')
  for (const [name, { type, min, max }] of Object.entries(facts.fields)) {
    const value = fields[name]
    if (value === undefined || value === null) continue
    if (type === 'text' && typeof value !== 'string') fail(name, 'string_type', 'Input should be a valid string')
    if (type === 'flag' && typeof value !== 'boolean') fail(name, 'bool_type', 'Input should be a valid boolean')
    if (type === 'text' || type === 'flag') continue
    if (typeof value !== 'number') fail(name, 'float_parsing', 'Input should be a valid number')
    if (type === 'integer' && !Number.isInteger(value)) fail(name, 'int_from_float', 'Input should be a valid integer')
    if (min !== undefined && Number(value) < min)
      fail(name, 'greater_than_equal', `Input should be greater than or equal to ${min}`)
    if (max !== undefined && Number(value) > max)
      fail(name, 'less_than_equal', `Input should be less than or equal to ${max}`)
  }
  for (const name of facts.pictures) {
    if (!fields[name])
      throw new FakeRefusal(400, { detail: name === 'image' ? '必须提供输入图像' : '必须提供mask图像' })
  }
}

// Decoded in whatever mode it has: what is not plain RGB reaches the pipeline as it is and fails there.
async function readPicture(
  facts: ServiceFacts,
  name: string,
  value: unknown,
): Promise<{ width: number; height: number }> {
  const isBase64 = typeof value === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
  const metadata = isBase64
    ? await sharp(Buffer.from(value, 'base64'))
        .metadata()
        .catch(() => null)
    : null
  if (!metadata) throw new FakeRefusal(500, { detail: '编辑图像时发生异常: cannot identify image file' })
  const { width, height, format, channels } = metadata
  const isPlain = format === 'png' && (name === 'image' ? channels === 3 : channels === 1)
  if (!isPlain) throw new FakeRefusal(500, { detail: `${facts.failsWith}: expected input to have 3 channels` })
  return { width, height }
}
