// graphql-ws writes every message itself. A result that thousands of subscribers share is written once: the library gets a
// mark in its place, and the text is put where the mark stands.

import { randomUUID } from 'node:crypto'
import type { FormattedExecutionResult } from 'graphql'

const mark = randomUUID()
const texts = new Map<number, string>()
let count = 0

/** Stands for a payload that is already JSON. It must be sent once, through withWritten. */
export function asWritten(text: string): FormattedExecutionResult {
  const standIn = {
    toJSON() {
      texts.set(++count, text)
      return `${mark} ${count}`
    },
  }
  return standIn as FormattedExecutionResult // graphql-ws only writes it
}

/** The message with the text that its payload stands for. */
export function withWritten(message: string): string {
  const at = message.lastIndexOf(mark)
  if (at < 0) return message
  const number = Number(message.slice(at + mark.length + 1, message.lastIndexOf('"')))
  const text = texts.get(number)
  texts.delete(number)
  // The mark is the payload, and the payload comes last: {"id":"1","type":"next","payload":"<mark> 1"}
  return `${message.slice(0, at - 1)}${text ?? 'null'}}`
}
