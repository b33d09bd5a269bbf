import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

const parts = Symbol('parts')

/** A statement or a piece of one, with its values bound by position. `name` is a hash of `text`, for preparing it once. */
export type SqlStatement = {
  readonly text: string
  readonly name: string
  readonly values: readonly unknown[]
  readonly [parts]: readonly string[]
}

/**
 * sql`select * from job where id = ${id}::uuid`: each value becomes a parameter, never text. A nested sql`...` is
 * inlined with its own values, so optional clauses are `${condition ? sql`and x = ${x}` : sql``}`. Arrays are bound
 * as Postgres arrays (`= any(${ids}::uuid[])`).
 */
export function sql(strings: TemplateStringsArray, ...inputs: readonly unknown[]): SqlStatement {
  if (inputs.some(isStatement)) return compose(strings, inputs)
  let known = written.get(strings)
  if (!known) {
    const text = toText(strings)
    known = { text, name: toName(text) }
    written.set(strings, known)
  }
  return { text: known.text, name: known.name, values: inputs, [parts]: strings }
}

// A template literal is the same array at every evaluation, so its text and name are made once.
const written = new WeakMap<TemplateStringsArray, { text: string; name: string }>()

/** The pieces with commas between them, such as the rows of a `values`; at least one. */
export function commaList(pieces: readonly SqlStatement[]): SqlStatement {
  return pieces.reduce((list, piece) => sql`${list}, ${piece}`)
}

function compose(strings: readonly string[], inputs: readonly unknown[]): SqlStatement {
  const flat = [strings[0] ?? '']
  const values: unknown[] = []
  inputs.forEach((input, index) => {
    const following = strings[index + 1] ?? ''
    if (isStatement(input)) {
      const [head = '', ...tail] = input[parts]
      flat[flat.length - 1] += head
      flat.push(...tail)
      values.push(...input.values)
      flat[flat.length - 1] += following
    } else {
      values.push(input)
      flat.push(following)
    }
  })
  const text = toText(flat)
  return { text, name: nameOf(text), values, [parts]: flat }
}

// Statements put together from pieces are few, but each is put together at every use: hashed once is enough.
const names = new LRUCache<string, string>({ max: 1_000 })

function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = toName(text)
  names.set(text, name)
  return name
}

function isStatement(input: unknown): input is SqlStatement {
  return typeof input === 'object' && input !== null && parts in input
}

function toText(strings: readonly string[]): string {
  return strings.reduce((text, part, index) => `${text}$${index}${part}`)
}

function toName(text: string): string {
  return createHash('sha1').update(text).digest('base64url')
}
