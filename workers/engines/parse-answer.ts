import type { z } from 'zod'
import { EngineError } from './engine.ts'

/** The JSON body of a model server as `schema` reads it. Throws EngineError `failed` when it is anything else. */
export function parseAnswer<T>(body: Buffer, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw unreadable(error)
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw unreadable(parsed.error)
  return parsed.data
}

/** The call was answered, but not with what was asked for. */
export function unreadable(cause?: unknown): EngineError {
  return new EngineError('failed', 'ENGINE_ANSWER_UNREADABLE', 'The model server gave an answer that cannot be read.', {
    cause,
  })
}
