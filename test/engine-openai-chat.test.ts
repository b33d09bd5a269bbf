import { afterEach, describe, expect, test } from 'vitest'
import { UnreadableVerdictError } from '../workers/engines/engine.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { type OpenaiChatConfig, openaiChatThinker } from '../workers/engines/openai-chat.ts'
import { type FakeThinker, type SeenChat, startFakeThinker } from './support/fake-thinker.ts'

const http = makeHttpClient()
const source = { bytes: Buffer.from('source bytes'), contentType: 'image/jpeg' }
const edited = { bytes: Buffer.from('edited bytes'), contentType: 'image/png' }
const signal = new AbortController().signal
let server: FakeThinker | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

async function setUp(
  style: OpenaiChatConfig['style'],
  say: (chat: SeenChat) => string | { message: unknown; finish_reason?: string },
  config: Partial<OpenaiChatConfig> = {},
) {
  server = await startFakeThinker({ say })
  const thinker = openaiChatThinker(http, {
    ...{ baseUrl: server.url, style, servedModel: 'served', key: 'sk-test', critiqueTemplate: null },
    ...{ polishTemplate: null, generateCritiqueTemplate: null, generatePolishTemplate: null },
    ...{ profile: 'vllm', temperature: 0.7, topP: null, topK: null, maxTokens: 900, structuredOutputs: false },
    ...config,
  })
  const critique = (instruction = 'a bluer sky', prompt = 'make the sky bluer') =>
    thinker.critique({ instruction, prompt, source, edited, seed: 11 }, signal)
  return { server, thinker, critique }
}

const shape = (chat: SeenChat | undefined) =>
  chat?.body.messages[0]?.content.map(part => (part.type === 'text' ? 'text' : part.image_url?.url))
const sourceUrl = `data:image/jpeg;base64,${source.bytes.toString('base64')}`
const editedUrl = `data:image/png;base64,${edited.bytes.toString('base64')}`

describe('what a thinker is sent', () => {
  test('one user message with model, seed, temperature and limit', async () => {
    const { server, critique } = await setUp('tagged', () => '<answer>x</answer>')
    await critique()
    const { body, authorization } = server.chats[0] ?? {}
    expect(body).toMatchObject({ model: 'served', seed: 11, temperature: 0.7, max_completion_tokens: 900 })
    expect(body?.messages.map(message => message.role)).toEqual(['user'])
    expect(authorization).toBe('Bearer sk-test')
  })

  test('no temperature where the model refuses one', async () => {
    const { server, critique } = await setUp('tagged', () => '<answer>x</answer>', { temperature: null })
    await critique()
    expect(server.chats[0]?.body).not.toHaveProperty('temperature')
  })

  test('tagged: source, edited picture, then the template with both placeholders filled in one pass', async () => {
    const critiqueTemplate = '<image>\n<image> A: {original_instruction} B: {rewritten_prompt} {other} \r\n'
    const { server, critique } = await setUp('tagged', () => '<answer>x</answer>', { critiqueTemplate })
    await critique('say {rewritten_prompt} and $& twice', 'the prompt')
    expect(shape(server.chats[0])).toEqual([sourceUrl, editedUrl, 'text'])
    const text = server.chats[0]?.body.messages[0]?.content[2]?.text
    expect(text).toBe('\n A: say {rewritten_prompt} and $& twice B: the prompt {other} \r\n')
  })

  test('json: template, the facts, then source and edited picture', async () => {
    const critiqueTemplate = 'Judge it.'
    const { server, critique } = await setUp('json', () => '{"is_satisfied": true}', { critiqueTemplate })
    await critique()
    expect(shape(server.chats[0])).toEqual(['text', 'text', sourceUrl, editedUrl])
    const [template, facts] = server.chats[0]?.body.messages[0]?.content ?? []
    expect(template?.text).toBe('Judge it.')
    expect(facts?.text).toMatch(/a bluer sky[\s\S]*make the sky bluer[\s\S]*\[Original, Edited\]/)
  })

  test('polish: the text with the instruction, then the source', async () => {
    const { server, thinker } = await setUp('json', () => '```json\n{"Rewritten": " Make the sky\\n deep blue. "}\n```')
    const answer = await thinker.polish({ instruction: 'blue sky', source, seed: 3 }, signal)
    expect(answer).toEqual({ prompt: 'Make the sky deep blue.', tokens: 42 })
    expect(shape(server.chats[0])).toEqual(['text', sourceUrl])
  })
})

describe('a verdict in tags', () => {
  test('gives scores, thoughts, refined prompt and tokens; the form holds no flag', async () => {
    const said =
      '<think>Too dark.</think>\n<score>{"semantic": 6, "quality": 7.5}</score><answer> brighter sky </answer>'
    const { critique } = await setUp('tagged', () => said)
    expect(await critique()).toEqual({
      ...{ semantic: 6, quality: 7.5, isSatisfied: null, reasoning: 'Too dark.', refinedPrompt: 'brighter sky' },
      tokens: 42,
    })
  })

  test.each([
    ['a score that is broken JSON', "<score>{semantic: 6, 'quality': 7,}</score><answer>p</answer>", 6, 7, 'p'],
    ['scores as text', '<score>{"semantic": "6/10", "quality": "7"}</score><answer>p</answer>', 6, 7, 'p'],
    ['a score that is no object', '<score>8</score><answer>p</answer>', null, null, 'p'],
    ['a score out of range', '<score>{"semantic": 60, "quality": -1}</score><answer>p</answer>', null, null, 'p'],
    ['an answer tag left open', '<think>t</think><answer>p', null, null, 'p'],
    ['no answer but both scores', '<score>{"semantic": 9, "quality": 9}</score>', 9, 9, null],
    ['an empty answer beside scores', '<score>{"semantic": 4, "quality": 4}</score><answer> </answer>', 4, 4, null],
  ])('%s is read as far as it goes', async (_, said, semantic, quality, refinedPrompt) => {
    const { critique } = await setUp('tagged', () => said)
    expect(await critique()).toMatchObject({ semantic, quality, refinedPrompt })
  })

  test('thoughts that the server split off are kept', async () => {
    const message = { content: '<answer>p</answer>', reasoning_content: 'Looked twice.' }
    const { critique } = await setUp('tagged', () => ({ message }))
    expect((await critique()).reasoning).toBe('Looked twice.')
  })
})

describe('a verdict in JSON', () => {
  const full = { is_satisfied: false, reason: 'Too dark.', new_rewritten_prompt: 'brighter' }

  test.each([
    ['plain', JSON.stringify(full)],
    ['in a fence', `\`\`\`json\n${JSON.stringify(full)}\n\`\`\``],
    ['after thoughts with braces', `<think>{hm}</think> Here: ${JSON.stringify(full)}`],
    [
      'with trailing commas and single quotes',
      "{'is_satisfied': False, 'reason': 'Too dark.', 'new_rewritten_prompt': 'brighter',}",
    ],
    ['with the flag as text', JSON.stringify({ ...full, is_satisfied: 'false' })],
  ])('%s is read', async (_, said) => {
    const { critique } = await setUp('json', () => said)
    expect(await critique()).toMatchObject({ isSatisfied: false, reasoning: 'Too dark.', refinedPrompt: 'brighter' })
  })

  test('scores are read at the top and nested', async () => {
    const { server, critique } = await setUp('json', chat =>
      chat.body.messages[0]?.content[1]?.text?.includes('nested')
        ? '{"is_satisfied": true, "scores": {"semantic": 8, "quality": 9}}'
        : '{"semantic": 3, "quality": 4, "new_rewritten_prompt": "p"}',
    )
    expect(await critique()).toMatchObject({ semantic: 3, quality: 4, isSatisfied: null })
    expect(await critique('nested')).toMatchObject({ semantic: 8, quality: 9, isSatisfied: true, refinedPrompt: null })
    expect(server.calls).toBe(2)
  })
})

describe('an answer that holds no verdict', () => {
  test.each([
    ['prose', 'json', 'The picture looks great, I am satisfied.'],
    ['an empty text', 'json', ''],
    ['neither flag nor scores', 'json', '{"reason": "nice"}'],
    ['a flag that is neither true nor false', 'json', '{"is_satisfied": "maybe", "reason": "x"}'],
    ['a bare list', 'json', '[true]'],
    ['no tag at all', 'tagged', 'Looks good to me.'],
    ['thoughts alone', 'tagged', '<think>Perfect, nothing to change.</think>'],
    ['one score alone', 'tagged', '<score>{"semantic": 9}</score>'],
  ] as const)('%s (%s) is unreadable, costs its tokens and never counts as satisfied', async (_, style, said) => {
    const { critique } = await setUp(style, () => said)
    const error = await critique().then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(UnreadableVerdictError)
    expect(error).toMatchObject({ tokens: 42 })
  })

  test('an answer cut at its length limit is not completed by guessing', async () => {
    const cut = (content: string) => ({ message: { content }, finish_reason: 'length' })
    const json = await setUp('json', () => cut('{"is_satisfied": false, "new_rewritten_prompt": "make the sk'))
    await expect(json.critique()).rejects.toThrow('length limit')
    await json.server.close()
    const tagged = await setUp('tagged', () => cut('<think>t</think><answer>make the sk'))
    await expect(tagged.critique()).rejects.toThrow(UnreadableVerdictError)
  })

  test('a polish without its key is unreadable', async () => {
    const { thinker } = await setUp('json', () => 'I would say: bluer.')
    await expect(thinker.polish({ instruction: 'x', source, seed: 1 }, signal)).rejects.toThrow(UnreadableVerdictError)
  })
})
