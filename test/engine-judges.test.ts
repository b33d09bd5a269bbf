import { afterAll, beforeAll, expect, test } from 'vitest'
import { overallRubric } from '../src/judging/overall-rubric.ts'
import { builtinCritic } from '../workers/engines/builtin/critic.ts'
import { builtinEditor } from '../workers/engines/builtin/editor.ts'
import type { JudgeRequest, Picture } from '../workers/engines/engine.ts'
import { type HttpClient, makeHttpClient } from '../workers/engines/http.ts'
import { openaiChatThinker } from '../workers/engines/openai-chat.ts'
import { editRequest } from './support/edit-request.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'
import { noisePng } from './support/pictures.ts'

const { signal } = new AbortController()
const critic = builtinCritic()
const editor = builtinEditor()
let http: HttpClient
let server: FakeThinker
let source: Picture
let edited: Picture
let said: { message: unknown; finish_reason?: string } = { message: { content: 'Good.' } }

beforeAll(async () => {
  http = makeHttpClient()
  server = await startFakeThinker({ maker: 'vllm', say: () => said })
  source = { bytes: await noisePng(64, 48), contentType: 'image/png' }
  edited = (await editor.edit(editRequest({ prompt: 'increase brightness by 20%', source, seed: 1 }), signal)).picture
})
afterAll(async () => {
  await Promise.all([critic.close(), editor.close(), http.close(), server.close()])
})

const call = overallRubric.calls[0]?.ask(null)
const request = (more: Partial<JudgeRequest> = {}): JudgeRequest => ({
  text: 'How good is it?',
  pictures: [
    { label: 'Before:', picture: source },
    { label: '', picture: edited },
  ],
  ...{ temperature: null, maxTokens: null, measured: async () => ({ source, edited }) },
  ...{ instruction: 'increase brightness by 20%', prompt: 'increase brightness by 20%', seed: 7 },
  write: call?.write ?? null,
  ...more,
})

function chatThinker(structuredOutputs: boolean) {
  const templates = { critiqueTemplate: null, polishTemplate: null }
  const ofGenerations = { generateCritiqueTemplate: null, generatePolishTemplate: null }
  const sampling = { temperature: 0, topP: null, topK: null, maxTokens: 1_400, structuredOutputs }
  const config = { baseUrl: server.url, style: 'json', servedModel: 'judge', key: 'sk-test', profile: 'vllm' } as const
  return openaiChatThinker(http, { ...config, ...templates, ...ofGenerations, ...sampling })
}

test('a chat server gets the text, then each picture after its label, and its words come back as they are', async () => {
  said = {
    message: {
      content: [
        { type: 'text', text: 'Rather ' },
        { type: 'text', text: 'good.' },
      ],
    },
  }
  const answer = await chatThinker(true).judge?.(request(), signal)
  expect(answer).toEqual({ text: 'Rather good.', isCut: false, tokens: 42 })
  const body = server.chats.at(-1)?.body
  expect(body).toMatchObject({ model: 'judge', seed: 7, temperature: 0, max_completion_tokens: 1_400 })
  // The form of an answer is the rubric's, not that of a critique.
  expect(body).not.toHaveProperty('response_format')
  expect(body?.messages[0]?.content.map(part => part.text ?? part.image_url?.url.slice(0, 15))).toEqual([
    ...['How good is it?', 'Before:', 'data:image/png;', 'data:image/png;'],
  ])
})

test('a question may say how it is to be answered; of two limits of length the greater counts', async () => {
  await chatThinker(false).judge?.(request({ temperature: 0.3, maxTokens: 1_000 }), signal)
  expect(server.chats.at(-1)?.body).toMatchObject({ temperature: 0.3, max_completion_tokens: 1_400 })
  await chatThinker(false).judge?.(request({ maxTokens: 4_096 }), signal)
  expect(server.chats.at(-1)?.body).toMatchObject({ temperature: 0, max_completion_tokens: 4_096 })
})

test('an answer that ends at the length limit says so', async () => {
  said = { message: { content: 'It is' }, finish_reason: 'length' }
  expect(await chatThinker(false).judge?.(request(), signal)).toMatchObject({ text: 'It is', isCut: true })
})

test('the builtin critic answers what it measured, as it does in a critique, in a form the rubric reads', async () => {
  const { instruction, prompt, seed } = request()
  const measured = await critic.critique({ instruction, prompt, source, edited, seed }, signal)
  const answer = await critic.judge(request(), signal)
  const { semantic, quality, reasoning } = measured
  expect(call?.read(answer)).toEqual({ semantic, quality, reasoning })
})

test('the builtin critic refuses a question that measuring does not answer, and a picture without a source', async () => {
  const rejected = { kind: 'rejected', code: 'JUDGE_UNSUPPORTED' }
  await expect(critic.judge(request({ write: null }), signal)).rejects.toMatchObject(rejected)
  const alone = request({ measured: async () => ({ source: null, edited }) })
  await expect(critic.judge(alone, signal)).rejects.toMatchObject({ kind: 'rejected', code: 'SOURCE_MISSING' })
})
