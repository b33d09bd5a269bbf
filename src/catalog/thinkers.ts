import type { CatalogModel } from '../catalog.ts'
import { sglangChat, vllm } from './servers.ts'

type Style = 'tagged' | 'json'

function open(
  id: string,
  name: string,
  server: { repository: string; license: string; gpus?: number; style: Style; capacity: number },
): CatalogModel {
  const { repository, license, ...how } = server
  const servers = [vllm(repository, how), sglangChat(repository, how)]
  return {
    id,
    name,
    kinds: ['THINKER'],
    parameters: [],
    license,
    size: null,
    maxReferences: null,
    servers,
    hosted: null,
  }
}

function hosted(
  id: string,
  name: string,
  provider: { by: string; profile: string; url: string; keyEnv: string },
): CatalogModel {
  const { by, profile, url, keyEnv } = provider
  return {
    id,
    name,
    kinds: ['THINKER'],
    parameters: [],
    license: `hosted by ${by}, under its terms of service`,
    size: null,
    maxReferences: null,
    servers: [],
    hosted: { engine: 'openai-chat', profile, style: 'json', url, servedModel: id, keyEnv },
  }
}

const openai = { by: 'OpenAI', profile: 'openai', url: 'https://api.openai.com/v1', keyEnv: 'OPENAI_API_KEY' }
const google = {
  by: 'Google',
  profile: 'generic',
  url: 'https://generativelanguage.googleapis.com/v1beta/openai',
  keyEnv: 'GEMINI_API_KEY',
}
const paperLicense = 'not stated by its makers; its base Qwen3-VL is Apache-2.0'

/** The paper's thinkers, and the experts it compares them with. */
export const thinkers: readonly CatalogModel[] = [
  open('editthinker-8b', 'EditThinker-8B', {
    repository: 'appletea2333/EditThinker-8B',
    license: paperLicense,
    style: 'tagged',
    capacity: 32,
  }),
  open('editthinker-8b-flux-kontext-dev', 'EditThinker-8B for FLUX.1 Kontext [dev]', {
    repository: 'appletea2333/EditThinker8B-Flux.1-Kontext-Dev',
    license: paperLicense,
    style: 'tagged',
    capacity: 32,
  }),
  open('qwen3-vl-8b', 'Qwen3-VL 8B Instruct', {
    repository: 'Qwen/Qwen3-VL-8B-Instruct',
    license: 'Apache-2.0',
    style: 'json',
    capacity: 32,
  }),
  open('qwen3-vl-235b', 'Qwen3-VL 235B-A22B Instruct, FP8', {
    repository: 'Qwen/Qwen3-VL-235B-A22B-Instruct-FP8',
    license: 'Apache-2.0',
    gpus: 8,
    style: 'json',
    capacity: 64,
  }),
  hosted('gpt-4.1', 'GPT-4.1', openai),
  hosted('gpt-4o', 'GPT-4o', openai),
  hosted('gemini-2.5-pro', 'Gemini 2.5 Pro', google),
]
