import fc from 'fast-check'
import type { Clause, GradedOp } from '../../workers/engines/builtin/clause.ts'
import { findColor } from '../../workers/engines/builtin/colors.ts'
import { gradedOps } from '../../workers/engines/builtin/graded-ops.ts'

const named = (name: string) => {
  const color = findColor(name)
  if (!color) throw new Error(`There is no colour ${name}.`)
  return color
}
const color = fc.constantFrom(...['red', 'blue', 'green', 'yellow', 'teal', 'purple', 'orange'].map(named))

/** A number that survives being written with four digits. */
const decimal = (min: number, max: number) =>
  fc.double({ min, max, noNaN: true }).map(value => Number(value.toPrecision(4)))
const whole = (min: number, max: number) => fc.integer({ min, max })

const graded = fc.constantFrom(...(Object.keys(gradedOps) as GradedOp[])).chain(op =>
  fc.record({ op: fc.constant(op), amount: amountOf(op), color }).map(({ amount, color: tint }): Clause => {
    const { unit } = gradedOps[op]
    return { kind: 'graded', op, amount, unit, ...(op === 'tint' ? { color: tint } : {}) }
  }),
)

function amountOf(op: GradedOp) {
  const { min, max } = gradedOps[op]
  const sides = [decimal(0.1, max), ...(min < 0 ? [decimal(min, -0.1)] : [])]
  // "Add grain" and "remove noise" are the two ends of one thing.
  return op === 'noise' ? decimal(min, -0.1) : fc.oneof(...sides)
}

const side = fc.constantFrom('left', 'right', 'top', 'bottom')
const length = fc.oneof(
  fc.record({ value: decimal(1, 45), unit: fc.constant('%' as const) }),
  fc.record({ value: whole(1, 400), unit: fc.constant('px' as const) }),
)
const position = fc.record({
  x: fc.constantFrom('left', 'center', 'right'),
  y: fc.constantFrom('top', 'middle', 'bottom'),
})
const captionText = fc
  .stringMatching(/^[A-Za-z0-9 ,.!?'é-]{1,40}$/u)
  .filter(text => text.trim() === text && !/ {2}/u.test(text))

const exact: fc.Arbitrary<Clause>[] = [
  fc.constant({ kind: 'mono' }),
  fc.constant({ kind: 'invert' }),
  fc.record({ kind: fc.constant('sepia'), percent: whole(5, 100) }),
  fc.record({ kind: fc.constant('gamma'), value: decimal(0.1, 10) }),
  fc.record({ kind: fc.constant('posterize'), levels: whole(2, 64) }),
  fc.record({ kind: fc.constant('pixelate'), size: fc.record({ value: whole(2, 512), unit: fc.constant('px') }) }),
  fc.record({ kind: fc.constant('blur'), px: decimal(0.3, 200) }),
  fc.record({
    kind: fc.constant('rotate'),
    degrees: fc.oneof(decimal(-179, -0.1), decimal(0.1, 179)),
    isLevelling: fc.constant(false),
  }),
  fc.record({ kind: fc.constant('flip'), axis: fc.constantFrom('horizontal', 'vertical') }),
  fc.record({ kind: fc.constant('crop'), to: fc.constant('ratio'), width: whole(1, 32), height: whole(1, 32) }),
  fc.record({ kind: fc.constant('crop'), to: fc.constant('size'), width: whole(60, 4000), height: whole(60, 4000) }),
  fc.record({ kind: fc.constant('crop'), to: fc.constant('part'), percent: decimal(1, 99) }),
  fc.record({ kind: fc.constant('crop'), to: fc.constant('edge'), side, length }),
  fc.record({ kind: fc.constant('resize'), to: fc.constantFrom('width', 'height', 'longest'), px: whole(16, 9000) }),
  fc.record({ kind: fc.constant('resize'), to: fc.constant('scale'), percent: decimal(1, 999) }),
  fc.record({ kind: fc.constant('border'), width: length, color }),
  fc.record({
    kind: fc.constant('caption'),
    text: captionText,
    position,
    color,
    size: whole(3, 30).map(each => each / 10),
  }),
] as fc.Arbitrary<Clause>[]

/** Up to six clauses of different kinds, with amounts within what the editor can do. */
export const anyClauses = fc.uniqueArray(fc.oneof(graded, ...exact), {
  minLength: 1,
  maxLength: 6,
  selector: clause => (clause.kind === 'graded' ? clause.op : clause.kind),
})

const words =
  'make it brighter darker slightly much and , then but keep the colours without changing contrast increase reduce by 30 % 10 px rotate degrees crop to 16:9 square caption "Hi" border blue dark not too enough half stop of a vignette + - : ; . " \' sky dragon grain noise blur sharpen turn left top twice x # #ff0000'.split(
    ' ',
  )

/** Any text at all, or the parser's own words in any order. */
export const anyInstruction = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8000 }),
  fc.string({ unit: 'grapheme', maxLength: 2000 }),
  fc.array(fc.constantFrom(...words), { maxLength: 1200 }).map(each => each.join(' ').slice(0, 8000)),
)

/** Texts of one thing over and over, of the kinds on which a careless reader backtracks. */
export const heavyTexts = (length: number): string[] =>
  [
    '"',
    "'",
    '“a',
    '1',
    '1.',
    '-',
    '#',
    'and ',
    'brighter ',
    'brighter, ',
    'brighter, not too much, ',
    "caption 'a ",
    'rotate ',
    '16:9 ',
    '\u0301',
    '😀',
    'keep the colours ',
    'black and ',
    'dark ',
    ' - ',
    'blue tint ',
    "a'b",
  ].map(unit => unit.repeat(Math.ceil(length / unit.length)).slice(0, length))
