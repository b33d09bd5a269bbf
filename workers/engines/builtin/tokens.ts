// Cuts an instruction into words, numbers, quoted texts and marks in one pass, so that reading time grows with the text.

/** One piece of the text; `start` and `end` are offsets into it, so that what is not understood can be quoted. */
export type Token = { start: number; end: number } & (
  | { type: 'word'; text: string }
  | { type: 'number'; value: number; isSigned: boolean }
  | { type: 'quoted'; text: string }
  | { type: 'hex'; text: string }
  | { type: 'mark'; text: string }
)

const closingQuotes: Record<string, string> = { '"': '"', '“': '”', '„': '“', '«': '»', "'": "'", '‘': '’', '`': '`' }
const longestQuote = 200

/** Splits a text into tokens, lower-cased and in American spelling; white space and hyphens between words are dropped. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  // Sticky patterns over bounded or single-character classes: none can backtrack.
  const word = /[\p{L}\p{M}]+(?:['’][\p{L}\p{M}]+)*/uy
  const number = /[+\-−–]?(?:\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})/uy
  const hex = /#(?:[0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-z])/iuy
  let at = 0
  while (at < text.length) {
    const character = text.charAt(at)
    const before = at === 0 ? ' ' : text.charAt(at - 1)
    const quoted = closingQuotes[character] && !/[\p{L}\p{N}]/u.test(before) ? readQuoted(text, at) : null
    if (quoted) {
      tokens.push(quoted)
      at = quoted.end
      continue
    }
    hex.lastIndex = number.lastIndex = word.lastIndex = at
    const found = { hex: hex.exec(text)?.[0], number: number.exec(text)?.[0], word: word.exec(text)?.[0] }
    if (found.hex) {
      tokens.push({ type: 'hex', text: found.hex.toLowerCase(), start: at, end: at + found.hex.length })
      at += found.hex.length
    } else if (found.number && !(/^[-−–]/u.test(found.number) && /[\p{L}\p{N}%]/u.test(before))) {
      const isSigned = /^[+\-−–]/u.test(found.number)
      const value = Number(found.number.replace(/^[−–]/u, '-'))
      tokens.push({ type: 'number', value, isSigned, start: at, end: at + found.number.length })
      at += found.number.length
    } else if (found.word) {
      tokens.push({ type: 'word', text: toAmerican(found.word), start: at, end: at + found.word.length })
      at += found.word.length
    } else {
      if (/[^\s\-‐‑_*'"’”()[\]{}]/u.test(character))
        tokens.push({ type: 'mark', text: character, start: at, end: at + 1 })
      else if (character === '\n' || /^\s[-–—]\s$/u.test(text.slice(at - 1, at + 2)))
        tokens.push({ type: 'mark', text: '.', start: at, end: at + 1 })
      at += 1
    }
  }
  return tokens
}

function readQuoted(text: string, start: number): Token | null {
  const close = closingQuotes[text.charAt(start)] ?? ''
  const inside = text.slice(start + 1, start + 1 + longestQuote)
  const isApostrophe = close === "'" || close === '’'
  for (let at = inside.indexOf(close); at >= 0; at = inside.indexOf(close, at + 1)) {
    if (isApostrophe && /[\p{L}\p{N}]/u.test(inside.charAt(at + 1))) continue
    return { type: 'quoted', text: inside.slice(0, at), start, end: start + at + 2 }
  }
  return null
}

const spellings: Record<string, string> = {
  centre: 'center',
  centred: 'centered',
  greyscale: 'grayscale',
  greyish: 'grayish',
  metre: 'meter',
}

function toAmerican(word: string): string {
  const lower = word.toLowerCase().replaceAll('’', "'")
  const known = Object.hasOwn(spellings, lower) ? spellings[lower] : undefined
  if (known) return known
  return lower
    .replace(/colour/u, 'color')
    .replace(/^grey/u, 'gray')
    .replace(/^(posteri|pixeli|solari|minimi|maximi|sharpeni|neutrali)s(e|ed|es|ing)$/u, '$1z$2')
}
