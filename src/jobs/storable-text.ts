/** A model's words as Postgres can store them, in text as in jsonb: no NUL characters, no halves of surrogate pairs. */
export function storableText(text: string): string
export function storableText(text: string | null): string | null
export function storableText(text: string | null): string | null {
  return text === null ? null : text.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\uFFFD')
}
