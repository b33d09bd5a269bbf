// What a thinker is asked beyond the usual: pictures without a source, sampling, schemas; and the fleet file's words on it.

import { afterEach, describe, expect, test } from 'vitest'
import { UnreadableVerdictError } from '../workers/engines/engine.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { type OpenaiChatConfig, openaiChatThinker } from '../workers/engines/openai-chat.ts'
import { FleetFileError, parseFleet } from '../workers/fleet/fleet-file.ts'
import { type FakeThinker, startFakeThinker } from './support/fake-thinker.ts'

const http = makeHttpClient()
const signal = new AbortController().signal
const edited = { bytes: Buffer.from('edited bytes'), contentType: 'image/png' }
const editedUrl = `data:image/png;base64,${edited.bytes.toString('base64')}`
let server: FakeThinker | undefined

afterEach(async () => {
  await server?.close()
  server = undefined
})

const plain: Omit<OpenaiChatConfig, 'baseUrl' | 'style'> = {
  ...{ servedModel: 'served', key: null, profile: 'vllm' },
  ...{ critiqueTemplate: null, polishTemplate: null, generateCritiqueTemplate: null, generatePolishTemplate: null },
  ...{ temperature: 0.7, topP: null, topK: null, maxTokens: 900, structuredOutputs: false },
}

const said = {
  tagged: '<think>t</think><score>{"semantic": 7, "quality": 8}</score><answer>a red fox, sitting</answer>',
  json: '{"semantic": 7, "quality": 8, "is_satisfied": false, "new_rewritten_prompt": "a red fox, sitting"}',
}

async function setUp(style: 'tagged' | 'json', config: Partial<OpenaiChatConfig> = {}, say: unknown = said[style]) {
  server = await startFakeThinker({ say: () => say as string })
  const thinker = openaiChatThinker(http, { ...plain, baseUrl: server.url, style, ...config })
  const critique = () =>
    thinker.critique({ instruction: 'a red fox', prompt: 'one fox, red', source: null, edited, seed: 5 }, signal)
  const polish = () => thinker.polish({ instruction: 'a red fox', source: null, seed: 5 }, signal)
  return { server, critique, polish }
}

const partsOf = (server: FakeThinker) => server.chats[0]?.body.messages[0]?.content ?? []
const textOf = (server: FakeThinker) =>
  partsOf(server)
    .flatMap(({ text }) => text ?? [])
    .join('\n')

describe('a picture made from words alone', () => {
  test.each(['tagged', 'json'] as const)('is judged by itself in the %s form', async style => {
    const { server, critique } = await setUp(style)
    expect(await critique()).toMatchObject({ semantic: 7, quality: 8, refinedPrompt: 'a red fox, sitting', tokens: 42 })
    expect(partsOf(server).flatMap(part => part.image_url?.url ?? [])).toEqual([editedUrl])
    expect(textOf(server)).toMatch(/a red fox[\s\S]*one fox, red/)
    expect(textOf(server)).not.toMatch(
      /both pictures|Original, Edited|<image>|\{(original_instruction|rewritten_prompt)\}/,
    )
  })

  test.each(['tagged', 'json'] as const)("goes by the operator's own %s text for it", async style => {
    const generateCritiqueTemplate = 'Judge {original_instruction} alone.\r\n'
    const { server, critique } = await setUp(style, { generateCritiqueTemplate, critiqueTemplate: 'two pictures' })
    await critique()
    const filled = style === 'tagged' ? 'Judge a red fox alone.\r\n' : generateCritiqueTemplate
    expect(partsOf(server).find(({ type }) => type === 'text')?.text).toBe(filled)
  })

  test('is asked for in a polished prompt without any picture', async () => {
    const { server, polish } = await setUp('json', {}, '{"Rewritten": "a red fox in snow"}')
    expect(await polish()).toEqual({ prompt: 'a red fox in snow', tokens: 42 })
    expect(partsOf(server).map(({ type }) => type)).toEqual(['text'])
    expect(textOf(server)).toMatch(/image generator[\s\S]*a red fox/)
  })
})

describe('what shapes an answer', () => {
  const everything = { temperature: 0.3, topP: 0.9, topK: 20, structuredOutputs: true }

  test.each([
    ['openai', ['max_completion_tokens', 'temperature', 'top_p', 'response_format']],
    ['vllm', ['max_completion_tokens', 'temperature', 'top_p', 'top_k', 'response_format']],
    ['sglang', ['max_completion_tokens', 'temperature', 'top_p', 'top_k', 'response_format']],
    ['generic', ['max_tokens', 'temperature', 'top_p', 'top_k', 'response_format']],
  ] as const)('goes to %s under its own names', async (profile, fields) => {
    const { server, critique } = await setUp('json', { profile, ...everything })
    await critique()
    const { model, messages, seed, ...rest } = server.chats[0]?.body ?? {}
    expect({ model, messages: messages?.length, seed }).toEqual({ model: 'served', messages: 1, seed: 5 })
    expect(Object.keys(rest).sort()).toEqual([...fields].sort())
  })

  test('a schema asks for every key of the form, for critiques and for polishing', async () => {
    const { server, critique, polish } = await setUp('json', everything)
    await critique()
    await polish().catch(() => null) // the fake says a verdict again
    const schemas = server.chats.map(({ body }) => Object(body).response_format.json_schema)
    const keys = ['reason', 'semantic', 'quality', 'is_satisfied', 'new_rewritten_prompt']
    expect(schemas).toMatchObject([
      { name: 'critique', strict: true, schema: { required: keys, additionalProperties: false } },
      { name: 'polish', strict: true, schema: { required: ['Rewritten'] } },
    ])
  })

  test('what is null is left to the server', async () => {
    const { server, critique } = await setUp('json', { temperature: null })
    await critique()
    expect(Object.keys(server.chats[0]?.body ?? {}).sort()).toEqual([
      'max_completion_tokens',
      'messages',
      'model',
      'seed',
    ])
  })
})

describe('an answer that is hard to read', () => {
  test.each([
    ['thoughts that speak of the tags', 'tagged', `<think>then <answer>no</answer> comes</think>${said.tagged}`],
    ['an object with remarks around it', 'json', `Note {x}: ${said.json} and {more}.`],
    ['an object after thoughts with an object', 'json', `{"draft": 1}\n${said.json}`],
  ] as const)('is read: %s', async (_, style, text) => {
    const { critique } = await setUp(style, {}, text)
    expect(await critique()).toMatchObject({ semantic: 7, quality: 8, refinedPrompt: 'a red fox, sitting' })
  })

  test('a refusal is told as one', async () => {
    const { critique } = await setUp('json', {}, { message: { content: null, refusal: 'I cannot.' } })
    const error = await critique().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnreadableVerdictError)
    expect(error).toMatchObject({ message: 'The thinker refused to answer.', tokens: 42 })
  })
})

describe("a thinker's fleet entry", () => {
  const parse = (entry: string) => {
    const text = `thinkers: [{ model: t, engine: openai-chat, url: http://t/v1, ${entry} }]`
    try {
      return parseFleet(text, { path: 'fleet.yaml', env: {}, readFile: () => 'no place for words' }).models[0]?.settings
    } catch (error) {
      if (error instanceof FleetFileError) return error.problems.join('\n')
      throw error
    }
  }

  test.each([
    ['style: json', false],
    ['style: json, profile: vllm', true],
    ['style: json, profile: openai', true],
    ['style: json, profile: sglang, structuredOutputs: false', false],
    ['style: json, structuredOutputs: true', true],
    ['style: tagged, profile: vllm', false],
    ['style: json, profile: vllm, critiqueTemplate: own.txt', false],
  ])('with %s has structured outputs: %s', (entry, structuredOutputs) => {
    expect(parse(entry)).toMatchObject({ structuredOutputs })
  })

  test.each([
    ['style: json, profile: openai, topK: 5', 'topK is not known to the profile openai'],
    ['style: tagged, structuredOutputs: true', 'structuredOutputs hold answers to JSON'],
    ['style: tagged, generateCritiqueTemplate: own.txt', 'generateCritiqueTemplate has no {original_instruction}'],
    ['style: json, topP: 0', 'topP'],
  ])('with %s is refused', (entry, part) => {
    expect(parse(entry)).toContain(part)
  })

  test('of a service of the paper names a field that the service does not have', () => {
    const text =
      'editors: [{ model: m, engine: editthinker, service: flux_edit_api, url: http://a, parameters: { negative_prompt: x } }]'
    expect(() => parseFleet(text, { path: 'fleet.yaml', env: {}, readFile: () => '' })).toThrow(
      'parameters.negative_prompt is no field of flux_edit_api; it has guidance_scale, num_inference_steps',
    )
  })
})
