import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { asyncJobEntry, toAsyncJob } from './async-job-entry.ts'
import { builtinCriticEntry, builtinEditorEntry, toBuiltin } from './builtin-entry.ts'
import { comfyuiEntry, toComfyui } from './comfyui-entry.ts'
import { checkDefaults } from './editor-entry.ts'
import { editthinkerEntry, toEditthinker } from './editthinker-entry.ts'
import type { Fleet, FleetModel } from './fleet.ts'
import { openaiChatEntry, toOpenaiChat } from './openai-chat-entry.ts'
import { openaiImagesEntry, toOpenaiImages } from './openai-images-entry.ts'
import { readEntry } from './read-entry.ts'
import { codeOf, type EntryContext, type Environment, type Unplaced } from './server-entry.ts'

/** The fleet file is not usable; the message has one line a problem, each with its place in the file. */
export class FleetFileError extends Error {
  readonly problems: readonly string[]
  constructor(path: string, problems: readonly string[]) {
    super(`The fleet file is not usable:\n${problems.map(problem => `  - ${path}:${problem}`).join('\n')}`)
    this.name = new.target.name
    this.problems = problems
  }
}

/** Reads the fleet file at `path`; files that it names are found beside it. Throws FleetFileError with all problems at once. */
export function loadFleet(path: string, env: Environment): Fleet {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FleetFileError(path, [`1: cannot be read (${codeOf(cause)})`])
  }
  const fileOf = (name: string) => readFileSync(resolve(dirname(path), name), 'utf8')
  return parseFleet(text, { path, env, readFile: fileOf })
}

/** The same for a text; `readFile` gives the content of a file that it names or throws. */
export function parseFleet(
  text: string,
  { path, env, readFile }: { path: string; env: Environment; readFile: (name: string) => string },
): Fleet {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const problems: { line: number; text: string }[] = []
  const report = (at: readonly PropertyKey[], message: string) => {
    const place = at.length > 0 ? `${at.map(String).join('.')} ` : ''
    problems.push({ line: lineOf(document, lines, at), text: `${place}${message}` })
  }
  const fail = () => {
    const sorted = problems.sort((a, b) => a.line - b.line).map(problem => `${problem.line}: ${problem.text}`)
    return new FleetFileError(path, [...new Set(sorted)])
  }

  for (const { pos, message } of document.errors) {
    problems.push({ line: lines.linePos(pos[0]).line, text: message.split('\n')[0]?.replace(/ at line.*$/, '') ?? '' })
  }
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document)) return
      const line = lines.linePos(alias.range?.[0] ?? 0).line
      problems.push({ line, text: `*${alias.source} stands for nothing: there is no &${alias.source} before it` })
    },
  })
  // A key that is there twice leaves a document that can be read on.
  if (problems.length > 0 && !document.errors.every(({ code }) => code === 'DUPLICATE_KEY')) throw fail()
  const read = <T>(schema: z.ZodType<T>, value: unknown, at: readonly PropertyKey[]): T | null => {
    const result = schema.safeParse(value)
    if (result.success) return result.data
    for (const issue of result.error.issues) {
      const place = [...at, ...issue.path]
      if (issue.code === 'unrecognized_keys') for (const key of issue.keys) report([...place, key], 'is not known here')
      else report(place, issue.message)
    }
    return null
  }
  // Each entry is read by itself, so that a fault in one hides none of another, of whatever sort it is.
  const content = toContent(document)
  if (content === undefined) {
    if (problems.length === 0) report([], 'repeats its aliases too often')
    throw fail()
  }
  const { editors, thinkers } = read(sectionsSchema, content, []) ?? lenientSections.parse(content)

  const inFile: EntryContext = { env, readFile, report: () => {} }
  const contextAt = (...at: PropertyKey[]): EntryContext => ({
    ...inFile,
    report: (message, ...inner) => report([...at, ...inner], message),
  })
  const models = [
    ...editors.map((value, index) => {
      const context = contextAt('editors', index)
      const reading = { name: `editor-${index}.invalid`, usualEngine: 'openai-images', report: context.report }
      const entry = readEntry(editorEntry, value, reading)
      const model = entry && toEditor(entry, context)
      if (entry && model) checkDefaults(entry, model, context)
      return model
    }),
    ...thinkers.map((value, index) => {
      const context = contextAt('thinkers', index)
      const reading = { name: `thinker-${index}.invalid`, usualEngine: 'openai-chat', report: context.report }
      const entry = readEntry(thinkerEntry, value, reading)
      return entry && toThinker(entry, context)
    }),
  ].map((model, position) => model && { ...model, position })
  if (models.length === 0) report([], 'lists no editor and no thinker')
  const usable = models.filter(model => model !== null)
  reportRepeats(usable, editors.length, report)
  if (problems.length > 0) throw fail()
  return { models: usable }
}

/** Only the entries of one model (`--only`). Throws an Error that lists the others when there is none. */
export function onlyModel(fleet: Fleet, model: string): Fleet {
  const models = fleet.models.filter(entry => entry.model === model)
  if (models.length > 0) return { models }
  const known = [...new Set(fleet.models.map(entry => entry.model))].join(', ')
  throw new Error(`The fleet has no model "${model}"; it lists ${known}.`)
}

const editorEntry = z.discriminatedUnion('engine', [
  builtinEditorEntry,
  openaiImagesEntry,
  editthinkerEntry,
  comfyuiEntry,
  asyncJobEntry,
])
const thinkerEntry = z.discriminatedUnion('engine', [builtinCriticEntry, openaiChatEntry])

const entries = z.array(z.unknown())
const sectionsSchema = z.strictObject({ editors: entries.default([]), thinkers: entries.default([]) })
/** What can be read of a file whose sections are not in order. */
const lenientSections = z
  .object({ editors: entries.catch([]), thinkers: entries.catch([]) })
  .catch({ editors: [], thinkers: [] })

/** Undefined: an alias stands for nothing, or for so much that it may be meant to fill the memory. */
function toContent(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 20 }) ?? {}
  } catch {
    return undefined
  }
}

function toEditor(entry: z.infer<typeof editorEntry>, context: EntryContext): Unplaced {
  switch (entry.engine) {
    case 'builtin':
      return toBuiltin('editor', entry)
    case 'openai-images':
      return toOpenaiImages(entry, context)
    case 'editthinker':
      return toEditthinker(entry, context)
    case 'comfyui':
      return toComfyui(entry, context)
    case 'async-job':
      return toAsyncJob(entry, context)
    default:
      return entry satisfies never
  }
}

function toThinker(entry: z.infer<typeof thinkerEntry>, context: EntryContext): Unplaced {
  switch (entry.engine) {
    case 'builtin':
      return toBuiltin('thinker', entry)
    case 'openai-chat':
      return toOpenaiChat(entry, context)
    default:
      return entry satisfies never
  }
}

// (model, URL) names an endpoint, so it can be driven in one way only. A job may come to any endpoint of its model.
function reportRepeats(
  models: readonly FleetModel[],
  editorCount: number,
  report: (at: readonly PropertyKey[], message: string) => void,
): void {
  const seen = new Set<string>()
  const kindsOf = new Map<string, string>()
  for (const { model, urls, settings, position, kinds } of models) {
    const at = position < editorCount ? ['editors', position] : ['thinkers', position - editorCount]
    const own = settings.engine === 'builtin' ? ['builtin'] : urls
    for (const url of own) {
      if (seen.has(`${model} ${url}`)) report(at, `lists ${model} at ${url} a second time`)
      seen.add(`${model} ${url}`)
    }
    const allKinds = [...kinds].sort().join()
    const known = kindsOf.get(model) ?? allKinds
    kindsOf.set(model, known)
    if (known !== allKinds) report(at, `lists ${model} for other kinds of job than the entry above; name it otherwise`)
  }
}

// The line of the innermost node that the path leads to; a key that should not be there has a line of its own.
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const last = path[length - 1]
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const pair = isMap(parent) ? parent.items.find(item => isScalar(item.key) && item.key.value === last) : undefined
    const node = pair?.key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}
