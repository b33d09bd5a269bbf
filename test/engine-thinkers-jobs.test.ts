// A whole job over each maker's chat server, in both styles, and what the server was sent: the fields that it documents, no
// other, and the pictures in their order.

import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chatEntry, imagesEntry, toFleet } from './support/engine-entries.ts'
import { type FakeImagesServer, startFakeImagesServer } from './support/fake-images-server.ts'
import {
  type ChatMaker,
  chatFields,
  type FakeThinker,
  type SeenChat,
  startFakeThinker,
} from './support/fake-thinker.ts'
import {
  createTwoRoundsTenant,
  polishedInstruction,
  readRounds,
  refinedPrompt,
  sayTwoRounds,
  submitTwoRounds,
  twoRoundsSize,
} from './support/two-rounds.ts'
import { openWorkers, type WorkerSetup } from './support/worker-setup.ts'

const styles = ['tagged', 'json'] as const
type Style = (typeof styles)[number]

/** What each maker calls what the fleet file asks for, written down once more apart from the engine's own table. */
const makers: Record<ChatMaker, { settings: object; sampling: Record<string, unknown>; hasSchemas: boolean }> = {
  openai: { settings: {}, sampling: { max_completion_tokens: 900, top_p: 0.9 }, hasSchemas: true },
  vllm: { settings: { topK: 20 }, sampling: { max_completion_tokens: 900, top_p: 0.9, top_k: 20 }, hasSchemas: true },
  sglang: { settings: { topK: 20 }, sampling: { max_completion_tokens: 900, top_p: 0.9, top_k: 20 }, hasSchemas: true },
  generic: { settings: { topK: 20 }, sampling: { max_tokens: 900, top_p: 0.9, top_k: 20 }, hasSchemas: false },
}
const ids: readonly ChatMaker[] = ['openai', 'vllm', 'sglang', 'generic']
const cases = ids.flatMap(maker => styles.map(style => ({ maker, style })))
const nameOf = ({ maker, style }: { maker: ChatMaker; style: Style }) => `${maker}-${style}`

let setup: WorkerSetup
let editor: FakeImagesServer
let thinkers: Map<string, FakeThinker>

beforeAll(async () => {
  setup = await openWorkers()
  editor = await startFakeImagesServer({ profile: 'vllm-omni' })
  thinkers = new Map(
    await Promise.all(
      cases.map(async each => {
        const server = await startFakeThinker({ maker: each.maker, say: sayTwoRounds })
        return [nameOf(each), server] as const
      }),
    ),
  )
  const entries = cases.map(each => ({
    ...chatEntry(each.maker, each.style, thinkers.get(nameOf(each))?.url ?? '', nameOf(each)),
    ...{ servedModel: 'served', temperature: 0.5, topP: 0.9, maxTokens: 900, ...makers[each.maker].settings },
  }))
  await setup.start(toFleet({ editors: [imagesEntry('vllm-omni', editor.url, 'editor')], thinkers: entries }))
}, 60_000)

afterAll(async () => {
  await setup.close()
  await Promise.all([editor, ...thinkers.values()].map(server => server.close()))
})

const partsOf = ({ body }: SeenChat) => body.messages[0]?.content ?? []
const textOf = (chat: SeenChat) =>
  partsOf(chat)
    .flatMap(({ text }) => text ?? [])
    .join('\n')
const picturesOf = (chat: SeenChat) =>
  Promise.all(
    partsOf(chat)
      .flatMap(({ image_url }) => (image_url ? [Buffer.from(image_url.url.replace(/^.*,/, ''), 'base64')] : []))
      .map(bytes => sharp(bytes).stats()),
  )

describe.each(cases)('a thinker of $maker in the $style style', each => {
  test('polishes and judges a whole job on documented fields alone', async () => {
    const { maker, style } = each
    const tenant = await createTwoRoundsTenant(setup)
    const instruction = `a bluer sky by ${nameOf(each)}`
    const models = { editor: 'editor', thinker: nameOf(each) }
    const jobId = await submitTwoRounds(setup, tenant, {
      ...{ kind: 'EDIT', instruction, ...models, loop: { firstRound: 'POLISH' } },
    })
    expect(await setup.finished(jobId)).toMatchObject({ status: 'SUCCEEDED', stopReason: 'SATISFIED', errorCode: null })
    const rounds = await readRounds(setup, jobId)
    expect(rounds.map(({ prompt }) => prompt)).toEqual([polishedInstruction, refinedPrompt])

    const chats = thinkers.get(nameOf(each))?.chats ?? []
    expect(chats).toHaveLength(3)
    const { sampling, hasSchemas } = makers[maker]
    const schemas = ['polish', 'critique', 'critique']
    for (const [call, { body, authorization }] of chats.entries()) {
      const { messages, seed, ...rest } = body
      const json_schema = expect.objectContaining({ name: schemas[call], strict: true })
      const isHeld = hasSchemas && style === 'json'
      expect(rest).toEqual({
        ...{ model: 'served', temperature: 0.5, ...sampling },
        ...(isHeld && { response_format: { type: 'json_schema', json_schema } }),
      })
      expect(Number.isInteger(seed)).toBe(true)
      expect(chatFields[maker]).toEqual(expect.arrayContaining(Object.keys(body)))
      expect(messages.map(({ role }) => role)).toEqual(['user'])
      expect(authorization).toBe('Bearer sk-test')
    }

    const [polish, ...critiques] = chats
    expect(polish && textOf(polish)).toContain(instruction)
    expect(polish && (await picturesOf(polish))).toHaveLength(1)
    const order = style === 'tagged' ? ['image_url', 'image_url', 'text'] : ['text', 'text', 'image_url', 'image_url']
    for (const [round, critique] of critiques.entries()) {
      expect(partsOf(critique).map(({ type }) => type)).toEqual(order)
      expect(textOf(critique)).toContain(instruction)
      expect(textOf(critique)).toContain(rounds[round]?.prompt)
      // The source is noise; what the editor made is of one color.
      const [source, edited] = await picturesOf(critique)
      expect(source?.channels[0]?.stdev).toBeGreaterThan(20)
      expect(edited?.channels[0]?.stdev).toBe(0)
    }
    expect(rounds).toMatchObject(rounds.map(() => ({ width: twoRoundsSize[0], height: twoRoundsSize[1] })))
  })
})
