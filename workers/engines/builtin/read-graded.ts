import type { Clause, GradedClause, GradedOp, NamedColor } from './clause.ts'
import { gradedAmount, gradedOps, percentToAmount } from './graded-ops.ts'
import type { Lexeme } from './lexemes.ts'
import { first, pick, type TopicLexeme } from './segments.ts'

type NumberLexeme = Extract<Lexeme, { is: 'number' }>

/** What the words around a change say about it: which way, how strongly, or exactly how much. */
export type Modifiers = {
  sign: number
  isParticle: boolean
  factor: number
  number: NumberLexeme | null
  times: number | null
  isLevel: boolean
  color: NamedColor | null
}

/** Reads direction, qualifier and number from the words that belong to one change. */
export function readModifiers(lexemes: Lexeme[]): Modifiers {
  const directions = pick(lexemes, 'direction')
  const said = directions.find(each => each.verb !== 'adding' && each.verb !== 'particle')
  const direction = said ?? directions.find(each => each.verb === 'particle') ?? directions[0]
  const factors = [...pick(lexemes, 'qualifier').map(each => each.factor), direction?.factor ?? 1]
  const factor = factors.reduce((one, other) => (Math.abs(Math.log(other)) > Math.abs(Math.log(one)) ? other : one), 1)
  const at = lexemes.findIndex(lexeme => lexeme.is === 'number')
  const number = first(lexemes, 'number') ?? null
  return {
    sign: direction?.sign ?? 0,
    isParticle: direction?.verb === 'particle',
    factor,
    number,
    times: first(lexemes, 'times')?.by ?? (number?.unit === 'times' ? number.value : null),
    isLevel: at > 0 && lexemes[at - 1]?.is === 'level',
    color: first(lexemes, 'color')?.color ?? null,
  }
}

/** True where nothing says more or less: a noun without direction, sign or number. */
export function isUndirected(topic: TopicLexeme, modifiers: Modifiers): boolean {
  const isOwn = topic.sign !== 0 || ['vignette', 'grain', 'tint', 'gamma', 'resize'].includes(topic.topic)
  return !isOwn && modifiers.sign === 0 && modifiers.number === null && modifiers.times === null
}

/** The clause a graded word and its modifiers ask for; null where it needs a colour that is not named. */
export function readGraded(topic: TopicLexeme & { topic: GradedOp }, modifiers: Modifiers): Clause | null {
  const { number, times, color } = modifiers
  const sign = combinedSign(topic, modifiers)
  // The word's own strength is in its own direction: "less blur" is no strong sharpening.
  const factor = modifiers.factor * (sign === topic.sign ? topic.factor : 1)
  let op: GradedOp = topic.topic
  // "Add noise" and "remove grain" are the two ends of one thing.
  if (op === 'noise' && sign > 0) op = 'grain'
  else if (op === 'grain' && sign < 0) op = 'noise'
  if (op === 'brightness' && number?.unit === 'stops') op = 'exposure'
  if (op === 'tint' && !color) return null
  if (op === 'sharpness' && sign < 0 && number?.unit === 'px')
    return { kind: 'blur', px: Math.min(Math.max(Math.abs(number.value), 0.3), 200) }
  const { amount, unit } =
    times !== null
      ? timesToAmount(op, times, sign)
      : number
        ? numberToAmount(op, number, topic.sign !== 0 || modifiers.sign !== 0 ? sign : 0, modifiers.isLevel)
        : gradedAmount(op, sign, factor)
  const bounded = Math.max(-1000, Math.min(1000, amount))
  return { kind: 'graded', op, amount: bounded, unit, ...(op === 'tint' && color ? { color } : {}) }
}

function combinedSign(topic: TopicLexeme, modifiers: Modifiers): number {
  if (modifiers.sign === 0)
    return topic.sign || (modifiers.number?.isSigned ? Math.sign(modifiers.number.value) : 0) || 1
  if (topic.sign === 0) return modifiers.sign
  // "Cool things down" is cooler, "soften it down" softer.
  if (modifiers.isParticle) return topic.sign
  // "Less bright" turns the word round, "add blur" does not; "reduce the dark" does.
  return topic.sign * modifiers.sign
}

function timesToAmount(op: GradedOp, times: number, sign: number): Pick<GradedClause, 'amount' | 'unit'> {
  const { unit, plain } = gradedOps[op]
  if (unit === '%' || op === 'brightness') {
    const percent = sign < 0 ? (times >= 1 ? 1 / times - 1 : -times) : times - 1
    return { amount: percent * 100, unit: '%' }
  }
  if (op === 'exposure') return { amount: sign < 0 ? -Math.abs(Math.log2(times)) : Math.log2(times), unit }
  return { amount: plain * (times < 1 ? -times : times) * (sign < 0 ? -1 : 1), unit }
}

function numberToAmount(
  op: GradedOp,
  number: NumberLexeme,
  sign: number,
  isLevel: boolean,
): Pick<GradedClause, 'amount' | 'unit'> {
  const { unit } = gradedOps[op]
  const direct = number.unit === 'stops' || number.unit === 'degrees' || number.unit === 'points'
  const isPercent = number.unit === '%' || (number.unit === null && (unit === '%' || op === 'brightness'))
  const signed =
    number.isSigned || sign === 0 ? number.value * (number.isSigned && sign < 0 ? 1 : 1) : number.value * sign
  if (isPercent) {
    const isTotal = isLevel && !number.isSigned && (sign <= 0 || number.value > 100)
    const percent = isTotal ? number.value - 100 : number.isSigned && sign < 0 ? -Math.abs(number.value) : signed
    return percentToAmount(op, percent)
  }
  if (direct && op === 'brightness') return { amount: signed, unit: 'points' }
  return { amount: signed, unit }
}

/** The same clause with its strength scaled, for "not too much" and "a lot" said afterwards. */
export function scaleClause(clause: Clause, factor: number): Clause {
  return clause.kind === 'graded' ? { ...clause, amount: clause.amount * factor } : clause
}
