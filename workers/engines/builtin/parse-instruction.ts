import type { Clause, Instruction, Kept, Unknown } from './clause.ts'
import type { Lexeme } from './lexemes.ts'
import { readLexemes } from './lexemes.ts'
import { mergeClauses } from './merge-clauses.ts'
import { type Modifiers, scaleClause } from './read-graded.ts'
import { readKept } from './read-kept.ts'
import { isGraded, type Reading, readTopic } from './read-segment.ts'
import { readAfterthought, readUntitled, readUntitledCaption } from './read-untitled.ts'
import { first, pick, type Segment, type TopicLexeme, toSegments } from './segments.ts'
import { settleTopics } from './settle-topics.ts'

const maxClauses = 24
const maxUnknown = 12

type State = {
  text: string
  clauses: Clause[]
  kept: Kept[]
  unknown: Unknown[]
  isKeeping: boolean
  hasKept: boolean
  idioms: Clause[]
  carried: Modifiers | null
  last: TopicLexeme | null
  qualifier: number
  refused: Segment | null
  isStated: boolean
  waiting: { topic: TopicLexeme; modifiers: Modifiers; segment: Segment }[]
}

/**
 * Reads an instruction, or a prompt of the critic's, as clauses. Never throws; what it does not understand is listed, with
 * the reason, and left undone. "Brighter and a bit warmer, then crop to a square" gives three clauses.
 */
export function parseInstruction(text: string): Instruction {
  const state: State = {
    text,
    clauses: [],
    kept: [],
    unknown: [],
    isKeeping: false,
    hasKept: false,
    idioms: [],
    carried: null,
    last: null,
    qualifier: 1,
    refused: null,
    isStated: false,
    waiting: [],
  }
  for (const segment of toSegments(readLexemes(text))) readSegment(state, segment)
  refuseWaiting(state)
  // "Make it nice" must not pass for a wish that was met.
  const isNothing = state.clauses.length === 0 && state.unknown.length === 0 && !state.hasKept
  if (isNothing && /\p{L}/u.test(text)) refuse(state, { start: 0, end: text.length }, 'it does not say what to change')
  const clauses = mergeClauses(settleIdioms(state))
  if (clauses.length > maxClauses)
    state.unknown.push({ text: 'the rest', reason: `it asks for more than ${maxClauses} changes at once` })
  return {
    clauses: clauses.slice(0, maxClauses),
    kept: [...new Set(state.kept)],
    unknown: state.unknown.slice(0, maxUnknown),
  }
}

function readSegment(state: State, segment: Segment): void {
  const isLoose = segment.joiner === 'and' || segment.joiner === 'comma'
  const lexemes = settleTopics(withState(state, segment))
  const topics = pick(lexemes, 'topic')
  const directions = pick(lexemes, 'direction')
  if (!isLoose) Object.assign(state, { carried: null, last: null, qualifier: 1, isKeeping: false })
  const isNegated = lexemes.some(
    each => each.is === 'not' || each.is === 'without' || each.is === 'keep' || each.is === 'stay',
  )
  const isTooMuch =
    first(lexemes, 'not') && (first(lexemes, 'too') || (topics.length === 0 && first(lexemes, 'qualifier')))
  if (isTooMuch) {
    if (topics.length === 0) state.clauses = state.clauses.map(clause => scaleClause(clause, 0.5))
    return
  }
  const isNounOnly = directions.length === 0 && topics.every(topic => topic.sign === 0) && !first(lexemes, 'number')
  if (isNegated || (state.isKeeping && isNounOnly)) {
    state.isKeeping = true
    state.hasKept = true
    state.kept.push(...readKept(lexemes))
    return
  }
  state.isKeeping = false
  if (topics.length === 0) readWithoutTopic(state, segment, lexemes)
  else readTopics(state, segment, lexemes, topics)
  if (state.refused && state.refused.end !== segment.end) state.refused = null
}

/** "The photo is dark and blurry": what is said of the picture goes on to a bare adjective after "and". */
function withState(state: State, segment: Segment): Lexeme[] {
  const { lexemes, joiner, start } = segment
  const isBare = lexemes.every(each => each.is === 'qualifier' || (each.is === 'topic' && each.form === 'weak'))
  const goesOn = state.isStated && isBare && (joiner === 'and' || joiner === 'comma')
  state.isStated = goesOn || first(lexemes, 'state') !== undefined
  return goesOn ? [{ is: 'state', start, end: start }, ...lexemes] : lexemes
}

function readTopics(state: State, segment: Segment, lexemes: Lexeme[], topics: TopicLexeme[]): void {
  const strange = findStrange(lexemes, topics)
  if (strange?.isWhole) {
    refuse(state, segment, strange.reason)
    return
  }
  const parts = topics.map((topic, index) => {
    const from = index === 0 ? 0 : lexemes.indexOf(topics[index - 1] as Lexeme) + 1
    const to = index === topics.length - 1 ? lexemes.length : lexemes.indexOf(topic) + 1
    return { topic, lexemes: lexemes.slice(from, to) }
  })
  for (const part of parts) {
    const hasOwnDegree = pick(part.lexemes, 'qualifier').length > 0 || pick(part.lexemes, 'number').length > 0
    const reading = readTopic(part.topic, part.lexemes, state.text, state.carried)
    if (reading.is === 'refused') refuse(state, segment, reading.reason)
    else if (reading.is === 'undirected') state.waiting.push({ ...reading, segment })
    else accept(state, segment, reading, hasOwnDegree)
  }
  if (strange) refuse(state, { ...segment, start: strange.start }, strange.reason)
}

function accept(state: State, segment: Segment, reading: Reading & { is: 'clauses' }, hasOwnDegree: boolean): void {
  const { topic, modifiers } = reading
  const isAdjective = topic.form === 'adjective' || topic.form === 'weak'
  // "More punch: 20% extra contrast" says with the second what the first means.
  if (topic.topic === 'pop' || topic.topic === 'fade') state.idioms.push(...reading.clauses)
  // "Frame it with a 10 px border" is one border.
  const last = state.clauses.at(-1)
  if (segment.joiner === 'with' && topic.topic === 'border' && last?.kind === 'border') state.clauses.pop()
  const isShared = segment.joiner === 'and' && isAdjective && !hasOwnDegree && state.qualifier !== 1
  state.clauses.push(...reading.clauses.map(clause => (isShared ? scaleClause(clause, state.qualifier) : clause)))
  if (hasOwnDegree) state.qualifier = isAdjective && modifiers.number === null ? modifiers.factor : 1
  // A noun's direction and amount go on to the nouns that follow it, and back to those that waited for one.
  const isNoun = topic.sign === 0 && isGraded(topic.topic)
  for (const waiting of isNoun ? state.waiting : []) {
    const late = readTopic(waiting.topic, [], state.text, modifiers)
    if (late.is === 'clauses') state.clauses.push(...late.clauses)
  }
  if (isNoun) state.waiting = []
  // "Increase brightness and contrast by 20%": the amount said last is meant for both.
  if (isNoun && state.carried && modifiers.number && !state.carried.number && reading.isInherited) {
    const earlier = state.clauses.at(-1 - reading.clauses.length)
    const again = state.last && earlier ? readTopic(state.last, [], state.text, modifiers) : null
    if (again?.is === 'clauses') state.clauses.splice(-1 - reading.clauses.length, 1, ...again.clauses)
  }
  state.last = isNoun ? topic : null
  state.carried = isNoun ? modifiers : null
}

function readWithoutTopic(state: State, segment: Segment, lexemes: Lexeme[]): void {
  const caption = readUntitledCaption(lexemes, state.text)
  if (caption) {
    state.clauses.push(caption)
    return
  }
  const hasWords = lexemes.some(each => each.is === 'word' || each.is === 'quoted')
  const isBecause = lexemes.findIndex(each => each.is === 'because')
  if (isBecause === 0 && state.clauses.length > 0) return
  if (hasWords) {
    // "Replace the background with a beach" is one wish.
    const isContinued = segment.joiner === 'with' && state.refused !== null && state.refused.end < segment.start
    if (isContinued) state.unknown.pop()
    const start = isContinued && state.refused ? state.refused.start : segment.start
    refuse(state, { ...segment, start }, 'that is not a change this editor can make')
    state.refused = { ...segment, start }
    return
  }
  const detail = segment.joiner === 'with' ? readAfterthought(lexemes, state.clauses.at(-1)) : null
  if (detail) {
    state.clauses.splice(-1, 1, detail)
    return
  }
  const clause = readUntitled(lexemes, state.text.slice(segment.start, segment.end).toLowerCase())
  if (clause) {
    state.clauses.push(clause)
    return
  }
  const better = readAfterthought(lexemes, state.clauses.at(-1))
  if (better) {
    state.clauses.splice(-1, 1, better)
    return
  }
  // "It is too dark, please fix that": the change is named before.
  const isDone = state.clauses.length > 0
  const isIdle = lexemes.every(
    each =>
      ['filler', 'whole', 'qualifier', 'enough', 'because', 'like', 'other', 'level'].includes(each.is) ||
      (isDone && each.is === 'direction'),
  )
  if (!isIdle) refuse(state, segment, 'it does not say what to change')
}

/** Words no change accounts for: what the change is limited to, or an aim the critic could not measure. */
function findStrange(
  lexemes: Lexeme[],
  topics: TopicLexeme[],
): { isWhole: boolean; start: number; reason: string } | null {
  if (topics.some(topic => topic.topic === 'caption')) return null
  const because = lexemes.find(each => each.is === 'because')
  const rest = lexemes.filter(
    each => !because || each.start < because.start || !topics[0] || because.start < topics[0].start,
  )
  const word = rest.find(each => each.is === 'word' || each.is === 'quoted')
  const isGradedOnly = topics.every(topic => isGraded(topic.topic) && topic.topic !== 'vignette')
  const area = isGradedOnly ? rest.find(each => each.is === 'place' || each.is === 'turn') : undefined
  if (!word && !area) return null
  const like = rest.find(each => each.is === 'like')
  const lastTopic = topics.at(-1)
  if (word && like && lastTopic && like.start > lastTopic.start && word.start > like.start)
    return { isWhole: false, start: like.start, reason: 'that cannot be measured' }
  const isLook = isGradedOnly || topics.some(topic => ['mono', 'sepia', 'invert', 'pixelate'].includes(topic.topic))
  return {
    isWhole: true,
    start: 0,
    reason: isLook
      ? 'only the whole picture can be changed, not a part of it'
      : 'that is not a change this editor can make',
  }
}

function refuse(state: State, segment: { start: number; end: number }, reason: string): void {
  if (state.unknown.length >= maxUnknown) return
  const words = state.text
    .slice(segment.start, Math.min(segment.end, segment.start + 400))
    .replace(/\s+/gu, ' ')
    .trim()
  state.unknown.push({ text: words.length > 80 ? `${words.slice(0, 79)}…` : words, reason })
}

/** An idiom for contrast and colour gives way where one of the two is named outright. */
function settleIdioms({ clauses, idioms }: State): Clause[] {
  const named = clauses.filter(clause => !idioms.includes(clause))
  const isNamed = named.some(clause => clause.kind === 'graded' && ['contrast', 'saturation'].includes(clause.op))
  return isNamed ? named : clauses
}

function refuseWaiting(state: State): void {
  for (const { segment } of state.waiting) refuse(state, segment, 'it does not say whether more or less')
}
