import { z } from 'zod'
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
    style: z.enum(['tagged', 'json']),
    critiqueTemplate: fileName.optional(),
    polishTemplate: fileName.optional(),
    temperature: z.number().min(0).max(2).nullable().default(0.7),
    maxTokens: z.number().int().min(64).max(1_000_000).default(4_096),
  })
  .superRefine(checkServer)

const THINK_PIXELS = 1_048_576

/** A thinker behind /v1/chat/completions. */
export function toOpenaiChat(entry: z.infer<typeof openaiChatEntry>, context: EntryContext): Unplaced {
  const { engine, style, temperature, maxTokens } = entry
  const critiqueTemplate = readNamedFile(entry.critiqueTemplate, 'critiqueTemplate', context)
  const polishTemplate = readNamedFile(entry.polishTemplate, 'polishTemplate', context)
  if (style === 'tagged' && critiqueTemplate !== null && !critiqueTemplate.includes('{original_instruction}')) {
    context.report('has no {original_instruction}, which the tagged style fills in', 'critiqueTemplate')
  }
  const access = toAccess(entry, context)
  return {
    ...toServer(entry, { deadlineMs: thinkDeadlineMs, maxPixels: THINK_PIXELS }),
    kinds: ['THINKER'],
    settings: { engine, style, ...access, critiqueTemplate, polishTemplate, temperature, maxTokens },
    restoresSize: false,
    parameters: [],
  }
}
