import { z } from 'zod'
import { chatDialects } from '../engines/openai-chat-dialect.ts'
import { thinkDeadlineMs } from './fleet.ts'
import {
  checkServer,
  type EntryContext,
  fileName,
  readNamedFile,
  serverFields,
  toAccess,
  toServer,
  type Unplaced,
} from './server-entry.ts'

export const openaiChatEntry = z
  .strictObject({
    ...serverFields,
    engine: z.literal('openai-chat'),
    profile: z.enum(['openai', 'vllm', 'sglang', 'generic']).default('generic'),
    style: z.enum(['tagged', 'json']),
    critiqueTemplate: fileName.optional(),
    polishTemplate: fileName.optional(),
    generateCritiqueTemplate: fileName.optional(),
    generatePolishTemplate: fileName.optional(),
    temperature: z.number().min(0).max(2).nullable().default(0.7),
    topP: z.number().gt(0).max(1).nullable().default(null),
    topK: z.number().int().min(1).max(10_000).nullable().default(null),
    maxTokens: z.number().int().min(64).max(1_000_000).default(4_096),
    structuredOutputs: z.boolean().optional(),
  })
  .superRefine(checkServer)

type OpenaiChatEntry = z.infer<typeof openaiChatEntry>

const THINK_PIXELS = 1_048_576

/** A thinker behind /v1/chat/completions. */
export function toOpenaiChat(entry: OpenaiChatEntry, context: EntryContext): Unplaced {
  const { engine, profile, style, temperature, topP, topK, maxTokens } = entry
  const templates = {
    critiqueTemplate: readNamedFile(entry.critiqueTemplate, 'critiqueTemplate', context),
    polishTemplate: readNamedFile(entry.polishTemplate, 'polishTemplate', context),
    generateCritiqueTemplate: readNamedFile(entry.generateCritiqueTemplate, 'generateCritiqueTemplate', context),
    generatePolishTemplate: readNamedFile(entry.generatePolishTemplate, 'generatePolishTemplate', context),
  }
  for (const field of ['critiqueTemplate', 'generateCritiqueTemplate'] as const) {
    const template = templates[field]
    if (style === 'tagged' && template !== null && !template.includes('{original_instruction}'))
      context.report('has no {original_instruction}, which the tagged style fills in', field)
  }
  if (topK !== null && !chatDialects[profile].hasTopK) context.report(`is not known to the profile ${profile}`, 'topK')
  if (style === 'tagged' && entry.structuredOutputs)
    context.report('hold answers to JSON, and the tagged style asks for tags', 'structuredOutputs')
  const access = toAccess(entry, context)
  const structuredOutputs = entry.structuredOutputs ?? isStructuredByDefault(entry)
  const sampling = { profile, temperature, topP, topK, maxTokens, structuredOutputs }
  return {
    ...toServer(entry, { deadlineMs: thinkDeadlineMs, maxPixels: THINK_PIXELS }),
    kinds: ['THINKER'],
    settings: { engine, style, ...access, ...templates, ...sampling },
    multipleOf: 1,
    restoresSize: false,
    maxReferences: null,
    parameters: [],
  }
}

// A text of the operator's own may ask for other keys than our schema.
function isStructuredByDefault(entry: OpenaiChatEntry): boolean {
  const { profile, style, critiqueTemplate, polishTemplate, generateCritiqueTemplate, generatePolishTemplate } = entry
  const own = [critiqueTemplate, polishTemplate, generateCritiqueTemplate, generatePolishTemplate]
  return style === 'json' && chatDialects[profile].hasSchemas && own.every(name => name === undefined)
}
