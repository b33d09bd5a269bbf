// How each kind of model server is started. `{port}` stands for its port and `{gpus}` for how many GPUs it drives.

import type { ModelServer } from '../catalog.ts'

/** An editor or generator on vLLM-Omni, which serves one model a server and edits one picture at a time. */
export function vllmOmni(
  repository: string,
  { gpus = 1, kinds, args = [] }: { gpus?: number; kinds?: readonly string[]; args?: readonly string[] } = {},
): ModelServer {
  const parallel = gpus > 1 ? ['--tensor-parallel-size', '{gpus}'] : []
  const entry = { engine: 'openai-images', profile: 'vllm-omni', servedModel: repository, ...(kinds && { kinds }) }
  return {
    server: 'vllm-omni',
    argv: ['vllm', 'serve', repository, '--omni', '--host', '0.0.0.0', '--port', '{port}', ...parallel, ...args],
    env: {},
    gpus,
    port: null,
    healthPath: '/health',
    basePath: '/v1',
    entry: { ...entry, capacity: 1 },
  }
}

/** An editor or generator on SGLang Diffusion; one picture at a time too. */
export function sglang(
  repository: string,
  { gpus = 1, kinds, args = [] }: { gpus?: number; kinds?: readonly string[]; args?: readonly string[] } = {},
): ModelServer {
  const entry = { engine: 'openai-images', profile: 'sglang', servedModel: repository, ...(kinds && { kinds }) }
  const address = ['--host', '0.0.0.0', '--port', '{port}']
  return {
    server: 'sglang',
    argv: ['sglang', 'serve', '--model-path', repository, '--num-gpus', '{gpus}', ...address, ...args],
    env: {},
    gpus,
    port: null,
    // It turns ready before the warm-up, but holds the other routes until that is done.
    healthPath: '/health',
    basePath: '/v1',
    entry: { ...entry, capacity: 1 },
  }
}

/** A thinker on vLLM. Both pictures of a critique go into one request, and video memory is not set aside. */
export function vllm(
  repository: string,
  { gpus = 1, style, capacity }: { gpus?: number; style: 'tagged' | 'json'; capacity: number },
): ModelServer {
  const parallel = gpus > 1 ? ['--tensor-parallel-size', '{gpus}', '--mm-encoder-tp-mode', 'data'] : []
  const images = ['--limit-mm-per-prompt', '{"image":2,"video":0}']
  return {
    server: 'vllm',
    argv: ['vllm', 'serve', repository, '--host', '0.0.0.0', '--port', '{port}', ...images, ...parallel],
    env: {},
    gpus,
    port: null,
    healthPath: '/health',
    basePath: '/v1',
    entry: { engine: 'openai-chat', profile: 'vllm', style, servedModel: repository, capacity },
  }
}

/** A thinker on SGLang. */
export function sglangChat(
  repository: string,
  { gpus = 1, style, capacity }: { gpus?: number; style: 'tagged' | 'json'; capacity: number },
): ModelServer {
  const parallel = gpus > 1 ? ['--tp', '{gpus}'] : []
  const address = ['--host', '0.0.0.0', '--port', '{port}']
  return {
    server: 'sglang',
    argv: ['python3', '-m', 'sglang.launch_server', '--model-path', repository, ...address, ...parallel],
    env: {},
    gpus,
    port: null,
    healthPath: '/health',
    basePath: '/v1',
    entry: { engine: 'openai-chat', profile: 'sglang', style, servedModel: repository, capacity },
  }
}

/**
 * One of the paper's nine services, started in inference/server of its repository. It takes all GPUs it is shown, a
 * worker process each behind one queue, and its port is written in its script.
 */
export function paperService(service: string, port: number, { isHeavy = false } = {}): ModelServer {
  return {
    server: 'paper',
    argv: ['python', `apis/${service}.py`],
    env: { TASK_QUEUE_SIZE: isHeavy ? '50' : '100', TASK_TIMEOUT: isHeavy ? '600' : '300', PYTHONPATH: '.' },
    gpus: 'all',
    port,
    healthPath: '/health',
    basePath: '',
    entry: { engine: 'editthinker', service, capacity: 1 },
  }
}
