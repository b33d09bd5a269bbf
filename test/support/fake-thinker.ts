import type { IncomingMessage } from 'node:http'
import { type FakeBehavior, type FakeModelServer, FakeRefusal, startFakeModelServer } from './fake-model-server.ts'

/** `generic`: some host that knows the first form of the protocol alone. */
export type ChatMaker = 'openai' | 'vllm' | 'sglang' | 'generic'

const first = ['model', 'messages', 'temperature', 'top_p', 'n', 'stop', 'stream', 'seed', 'user', 'max_tokens']
const second = [...first, 'max_completion_tokens', 'response_format', 'logprobs', 'top_logprobs', 'logit_bias']
const samplers = ['top_k', 'min_p', 'repetition_penalty', 'min_tokens', 'stop_token_ids', 'chat_template_kwargs']

/** The fields that each maker documents. OpenAI and the generic host refuse any other; the open servers drop it in silence. */
export const chatFields: Record<ChatMaker, readonly string[]> = {
  openai: [...second, 'reasoning_effort', 'verbosity', 'service_tier', 'store', 'metadata'],
  vllm: [...second, ...samplers, 'structured_outputs', 'priority', 'mm_processor_kwargs', 'cache_salt', 'request_id'],
  sglang: [...second, ...samplers, 'regex', 'ebnf'],
  generic: [...first, 'top_k'],
}

type ChatPart = { type: string; text?: string; image_url?: { url: string } }

/** What arrived in one chat request. */
export type SeenChat = {
  authorization: string | null
  body: {
    model: string
    seed?: number
    temperature?: number
    max_completion_tokens?: number
    messages: { role: string; content: ChatPart[] }[]
  }
}

/** A server of /v1/chat/completions. */
export type FakeThinker = FakeModelServer & { readonly chats: readonly SeenChat[] }

/**
 * `say` gives the text of an answer, or a whole choice to say more; the default never is satisfied. `maker`: whose server
 * it is, which then wants a key and may refuse fields; default nobody's.
 */
export async function startFakeThinker(
  options: {
    behavior?: FakeBehavior
    random?: () => number
    maker?: ChatMaker
    say?: (chat: SeenChat, call: number) => string | { message: unknown; finish_reason?: string }
  } = {},
): Promise<FakeThinker> {
  const { say = toJsonVerdict, maker, ...rest } = options
  const chats: SeenChat[] = []
  const server = await startFakeModelServer({
    ...rest,
    posts: {
      '/chat/completions': async (request, body) => {
        const chat: SeenChat = {
          authorization: request.headers.authorization ?? null,
          body: JSON.parse(body.toString('utf8')),
        }
        chats.push(chat)
        if (maker) check(maker, chat, request)
        const said = say(chat, chats.length)
        const choice = typeof said === 'string' ? { message: { role: 'assistant', content: said } } : said
        return {
          id: `chat-${chats.length}`,
          choices: [{ index: 0, finish_reason: 'stop', ...choice }],
          usage: { prompt_tokens: 40, completion_tokens: 2, total_tokens: 42 },
        }
      },
    },
  })
  return Object.defineProperty(server, 'chats', { value: chats }) as FakeThinker // the getters of the server stay alive
}

// Counted over all thinkers: two that said the same prompt in turn would end a job that has nothing more to refine.
let verdicts = 0

function toJsonVerdict(): string {
  verdicts++
  return JSON.stringify({
    reason: 'The sky is still grey.',
    semantic: 5,
    quality: 6,
    is_satisfied: false,
    new_rewritten_prompt: `Make the sky clearly bluer, attempt ${verdicts}`,
  })
}

function check(maker: ChatMaker, { authorization, body }: SeenChat, request: IncomingMessage): void {
  const fail = (status: number, message: string) => {
    const error = { message, type: 'invalid_request_error', param: null, code: null }
    throw new FakeRefusal(status, { error })
  }
  if (request.headers['content-type'] !== 'application/json') fail(400, 'not JSON')
  if (!authorization?.startsWith('Bearer sk-')) fail(401, 'Incorrect API key provided')
  const isStrict = maker === 'openai' || maker === 'generic'
  const unknown = Object.keys(body).find(name => !chatFields[maker].includes(name))
  if (isStrict && unknown) fail(400, `Unrecognized request argument supplied: ${unknown}`)
  const isReadable = body.messages.every(({ content }) =>
    content.every(({ type, text, image_url }) =>
      type === 'text' ? typeof text === 'string' : /^data:image\/\w+;base64,/.test(image_url?.url ?? ''),
    ),
  )
  if (!isReadable) fail(400, 'Invalid content part')
}
