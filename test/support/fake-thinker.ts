import { type FakeBehavior, type FakeModelServer, startFakeModelServer } from './fake-model-server.ts'

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

/** `say` gives the text of an answer, or a whole choice to say more; the default never is satisfied. */
export async function startFakeThinker(
  options: {
    behavior?: FakeBehavior
    random?: () => number
    say?: (chat: SeenChat, call: number) => string | { message: unknown; finish_reason?: string }
  } = {},
): Promise<FakeThinker> {
  const { say = toJsonVerdict, ...rest } = options
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
