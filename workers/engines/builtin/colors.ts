import type { NamedColor } from './clause.ts'

// The colours a person names. CSS values, save where the everyday word means another shade than CSS's.
const table: Record<string, string> = {
  black: '000000',
  white: 'ffffff',
  gray: '808080',
  silver: 'c0c0c0',
  red: 'e02020',
  crimson: 'dc143c',
  maroon: '800000',
  orange: 'ff8c00',
  gold: 'e6b422',
  golden: 'e6b422',
  yellow: 'ffd800',
  cream: 'fffdd0',
  beige: 'f5f5dc',
  brown: '8b4513',
  tan: 'd2b48c',
  olive: '808000',
  lime: '32cd32',
  green: '1f9d3a',
  teal: '008080',
  turquoise: '40e0d0',
  cyan: '00bcd4',
  blue: '2050e0',
  navy: '000080',
  indigo: '4b0082',
  violet: '8f3fd0',
  purple: '800080',
  magenta: 'd81bd8',
  pink: 'ff69b4',
}

const comparatives: Record<string, string> = {
  redder: 'red',
  reddish: 'red',
  bluer: 'blue',
  bluish: 'blue',
  blueish: 'blue',
  greener: 'green',
  greenish: 'green',
  yellower: 'yellow',
  yellowish: 'yellow',
  pinker: 'pink',
  pinkish: 'pink',
  purplish: 'purple',
  orangey: 'orange',
  browner: 'brown',
  brownish: 'brown',
}

const dark = (hex: string) => scale(hex, 0.55)
const light = (hex: string) => scale(hex, -0.5)

function scale(hex: string, factor: number): string {
  return [0, 2, 4]
    .map(at => Number.parseInt(hex.slice(at, at + 2), 16))
    .map(value => Math.round(factor > 0 ? value * factor : value + (255 - value) * -factor))
    .map(value => value.toString(16).padStart(2, '0'))
    .join('')
}

/** The colour a word names ("navy", "reddish", "#ff8800"), or null; `shade` is a word before it: dark, light. */
export function findColor(word: string, shade: 'dark' | 'light' | null = null): NamedColor | null {
  if (word.startsWith('#')) {
    const hex = word.length === 4 ? [...word.slice(1)].map(digit => digit + digit).join('') : word.slice(1)
    return toColor(word, hex)
  }
  const base = Object.hasOwn(comparatives, word) ? comparatives[word] : word
  const hex = base && Object.hasOwn(table, base) ? table[base] : undefined
  if (!base || !hex) return null
  if (shade === 'dark') return toColor(`dark ${base}`, dark(hex))
  if (shade === 'light') return toColor(`light ${base}`, light(hex))
  return toColor(base, hex)
}

/** True for "bluer", "reddish": words that ask for a cast rather than name a colour. */
export const isComparativeColor = (word: string): boolean => Object.hasOwn(comparatives, word)

/** The colour by its canonical name, which `findColor` reads back. */
export const white: NamedColor = toColor('white', 'ffffff')

function toColor(name: string, hex: string): NamedColor {
  const [r, g, b] = [0, 2, 4].map(at => Number.parseInt(hex.slice(at, at + 2), 16))
  return { name, r: r ?? 0, g: g ?? 0, b: b ?? 0 }
}
