// What is known of a server of /v1/chat/completions beyond the protocol all of them copy.

/** `generic`: any compatible host of which nothing more is known. */
export type ChatProfile = 'openai' | 'vllm' | 'sglang' | 'generic'

/** One server's ways. */
export type ChatDialect = {
  /** OpenAI's newest models refuse the old name; many compatible hosts know no other. */
  maxTokensField: 'max_completion_tokens' | 'max_tokens'
  hasTopK: boolean
  /** Whether `response_format` with a JSON schema is known to be held to. */
  hasSchemas: boolean
}

/** Every profile. vLLM and others ignore what they do not know, so a field sent in hope would fail in silence. */
export const chatDialects: Record<ChatProfile, ChatDialect> = {
  openai: { maxTokensField: 'max_completion_tokens', hasTopK: false, hasSchemas: true },
  vllm: { maxTokensField: 'max_completion_tokens', hasTopK: true, hasSchemas: true },
  sglang: { maxTokensField: 'max_completion_tokens', hasTopK: true, hasSchemas: true },
  generic: { maxTokensField: 'max_tokens', hasTopK: true, hasSchemas: false },
}

type Schema = { name: string; schema: Record<string, unknown> }

/** The form of a critique in JSON, in the order in which it is thought: reasons before scores. */
export const critiqueSchema: Schema = toSchema('critique', {
  reason: { type: 'string' },
  semantic: { type: 'number' },
  quality: { type: 'number' },
  is_satisfied: { type: 'boolean' },
  new_rewritten_prompt: { anyOf: [{ type: 'string' }, { type: 'null' }] },
})

/** The form of a polished instruction. */
export const polishSchema: Schema = toSchema('polish', { Rewritten: { type: 'string' } })

// OpenAI's strict schemas want every property required and nothing else allowed.
function toSchema(name: string, properties: Record<string, unknown>): Schema {
  return {
    name,
    schema: { type: 'object', properties, required: Object.keys(properties), additionalProperties: false },
  }
}

/** The settings of one call that shape how the model writes. */
export type Sampling = {
  profile: ChatProfile
  temperature: number | null
  topP: number | null
  topK: number | null
  maxTokens: number
  structuredOutputs: boolean
}

/** The body's fields for them; `schema` (null: free text) is sent only where structured outputs are on. */
export function toSamplingFields(sampling: Sampling, schema: Schema | null): Record<string, unknown> {
  const { profile, temperature, topP, topK, maxTokens, structuredOutputs } = sampling
  const { maxTokensField, hasTopK } = chatDialects[profile]
  return {
    [maxTokensField]: maxTokens,
    ...(temperature !== null && { temperature }),
    ...(topP !== null && { top_p: topP }),
    ...(topK !== null && hasTopK && { top_k: topK }),
    ...(structuredOutputs &&
      schema && { response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } } }),
  }
}
