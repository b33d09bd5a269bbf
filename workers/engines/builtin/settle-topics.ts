import type { Lexeme } from './lexemes.ts'
import type { Topic } from './lexicon.ts'
import { first, pick, type TopicLexeme } from './segments.ts'

const qualifiable = [
  'vignette',
  'contrast',
  'tint',
  'grain',
  'border',
  'caption',
  'sepia',
  'noise',
  'shadows',
  'highlights',
]

/**
 * Settles words that mean one thing alone and another beside others: "a soft vignette" is no blur, "darker shadows" no
 * darker picture, "too dark" asks for brighter, "turn it black and white" turns nothing, "gray" is a colour for a border.
 */
export function settleTopics(lexemes: Lexeme[]): Lexeme[] {
  let settled = lexemes
  for (const step of [
    settleComplaints,
    settleTooAndEnough,
    settleRegions,
    settleWeak,
    settleTurn,
    settleColors,
    settleGray,
    settleFlavor,
  ])
    settled = step(settled)
  return settled
}

const faults: [Topic, number][] = [
  ['brightness', -1],
  ['exposure', -1],
  ['exposure', 1],
  ['contrast', -1],
  ['saturation', -1],
  ['sharpness', -1],
  ['noise', 1],
  ['grain', 1],
]

/** "It looks flat", "the photo is dark": what is wrong with the picture asks for its opposite. */
function settleComplaints(lexemes: Lexeme[]): Lexeme[] {
  const state = lexemes.find(each => each.is === 'state')
  if (!state) return lexemes
  const isSettled = lexemes.some(
    each => each.start >= state.start && ['not', 'too', 'enough', 'direction', 'number'].includes(each.is),
  )
  return lexemes.map(each => {
    if (each.is === 'state') return toFiller(each)
    if (each.is !== 'topic' || each.form !== 'weak' || isSettled || each.start < state.start) return each
    const isFault = faults.some(([topic, sign]) => topic === each.topic && sign === each.sign)
    return isFault ? { ...each, sign: -each.sign, form: 'adjective', factor: 1 } : each
  })
}

function settleTooAndEnough(lexemes: Lexeme[]): Lexeme[] {
  const hasNot = first(lexemes, 'not') !== undefined
  const directed = pick(lexemes, 'topic').some(topic => topic.sign !== 0)
  if (hasNot && first(lexemes, 'enough') && directed)
    return lexemes.filter(each => each.is !== 'not' && each.is !== 'enough')
  if (hasNot || !first(lexemes, 'too')) return lexemes
  if (first(lexemes, 'color') && pick(lexemes, 'topic').length === 0) return lexemes.map(settleTooColored)
  return lexemes
    .filter(each => each.is !== 'too')
    .map(each =>
      each.is === 'topic' && each.sign !== 0 && each.form !== 'verb'
        ? { ...each, sign: -each.sign }
        : each.is === 'direction' && each.verb === 'comparing'
          ? { ...each, sign: -each.sign }
          : each.is === 'qualifier' && each.factor > 1
            ? {
                is: 'direction' as const,
                sign: -1,
                factor: 1,
                verb: 'changing' as const,
                start: each.start,
                end: each.end,
              }
            : each,
    )
}

/** "Brighten the shadows", "darker highlights": brightness words beside a tonal region give it its direction. */
function settleRegions(lexemes: Lexeme[]): Lexeme[] {
  const region = pick(lexemes, 'topic').find(({ topic }) => topic === 'shadows' || topic === 'highlights')
  if (!region) return lexemes
  const brightness = pick(lexemes, 'topic').find(({ topic, sign }) => topic === 'brightness' && sign !== 0)
  if (!brightness || region.sign !== 0) return lexemes
  return lexemes
    .filter(each => each !== brightness)
    .map(each => (each === region ? { ...region, sign: brightness.sign } : each))
}

/** A base adjective before a noun that can be soft or strong qualifies it. */
function settleWeak(lexemes: Lexeme[]): Lexeme[] {
  const topics = pick(lexemes, 'topic')
  const isQualifying = (lexeme: TopicLexeme) => {
    const next = topics[topics.indexOf(lexeme) + 1]
    return next !== undefined && qualifiable.includes(next.topic) && (next.sign === 0 || next.form !== 'adjective')
  }
  return lexemes.map(each => {
    if (each.is !== 'topic') return each
    const isSofter = each.form === 'adjective' && each.topic === 'sharpness' && each.sign < 0
    if (!(each.form === 'weak' || isSofter) || !isQualifying(each)) return each
    const { start, end } = each
    const isFaint = each.topic === 'sharpness' ? each.sign < 0 : each.topic === 'brightness' && each.sign > 0
    if (isSofter) return { is: 'direction', sign: -1, factor: 1, verb: 'comparing', start, end }
    return { is: 'qualifier', factor: isFaint ? 0.5 : 1, start, end }
  })
}

function settleTurn(given: Lexeme[]): Lexeme[] {
  // "Rotate the hue by 30 degrees" turns no picture.
  const hasHue = pick(given, 'topic').some(({ topic }) => topic === 'hue')
  const lexemes = hasHue
    ? given.map(each => (each.is === 'topic' && each.topic === 'rotate' ? toFiller(each) : each))
    : given
  const hasFlip = pick(lexemes, 'topic').some(({ topic }) => topic === 'flip' || topic === 'rotate')
  // "Flip it upside down" is one change, said twice.
  const turn = pick(lexemes, 'topic').find(({ topic, form }) => topic === 'turn' && (form === 'verb' || hasFlip))
  if (!turn) return lexemes
  const isAlone = pick(lexemes, 'topic').length === 1
  const isTurning = first(lexemes, 'turn') !== undefined || first(lexemes, 'number') !== undefined
  return isAlone && isTurning ? lexemes : lexemes.map(each => (each === turn ? toFiller(each) : each))
}

/** "Warmer colours" is about warmth; "more colour" is about saturation. */
function settleColors(lexemes: Lexeme[]): Lexeme[] {
  const topics = pick(lexemes, 'topic')
  const hasOther = topics.some(({ topic }) => topic !== 'color')
  const isKept = lexemes.some(each => each.is === 'keep' || each.is === 'not' || each.is === 'without')
  const isCast = first(lexemes, 'color') !== undefined
  const isUndirected = first(lexemes, 'direction') === undefined
  if (isKept || !(hasOther || isCast || (isUndirected && first(lexemes, 'word') === undefined))) return lexemes
  return lexemes.map(each => (each.is === 'topic' && each.topic === 'color' ? toFiller(each) : each))
}

function settleGray(lexemes: Lexeme[]): Lexeme[] {
  const takesColor = pick(lexemes, 'topic').some(({ topic }) => ['border', 'caption', 'tint'].includes(topic))
  const hasMono = pick(lexemes, 'topic').some(({ topic }) => topic === 'mono')
  return lexemes.map(each => (each.is === 'color' && !takesColor && hasMono ? toFiller(each) : each))
}

/** "Old-time sepia" is sepia; "make it old-time" alone is nothing this editor can do. */
function settleFlavor(lexemes: Lexeme[]): Lexeme[] {
  const toning = ['sepia', 'mono', 'fade', 'grain']
  const isToned = pick(lexemes, 'topic').some(({ topic }) => toning.includes(topic))
  return lexemes.map(each =>
    each.is !== 'flavor' ? each : isToned ? toFiller(each) : { is: 'word', start: each.start, end: each.end },
  )
}

/** "Too blue" asks for less of that colour, "too gray" for less of its want of colour. */
function settleTooColored(each: Lexeme): Lexeme {
  const { start, end } = each
  if (each.is === 'too') return { is: 'direction', sign: -1, factor: 1, verb: 'comparing', start, end }
  if (each.is !== 'color' || !each.isGray) return each
  return { is: 'topic', topic: 'saturation', sign: -1, form: 'adjective', factor: 1, start, end }
}

const toFiller = ({ start, end }: { start: number; end: number }): Lexeme => ({ is: 'filler', start, end })
