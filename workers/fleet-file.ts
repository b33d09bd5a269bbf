import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import { imagesParameters } from './engines/images-parameters.ts'
import { builtinModel, coreCount, editDeadlineMs, type Fleet, type FleetModel, thinkDeadlineMs } from './fleet.ts'
import { type EditorEntry, fleetFileSchema, type ThinkerEntry, toParameters } from './fleet-schema.ts'

/** The fleet file is not usable; the message has one line a problem, each with its place in the file. */
export class FleetFileError extends Error {
  readonly problems: readonly string[]
  constructor(path: string, problems: readonly string[]) {
    super(`The fleet file is not usable:\n${problems.map(problem => `  - ${path}:${problem}`).join('\n')}`)
    this.name = new.target.name
    this.problems = problems
  }
}

/** Environment variables by name, for `key` and `keyEnv`. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads the fleet file at `path`; template files are found beside it. Throws FleetFileError with all problems at once. */
export function loadFleet(path: string, env: Environment): Fleet {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new FleetFileError(path, [`1: cannot be read (${codeOf(cause)})`])
  }
  const fileOf = (name: string) => readFileSync(resolve(dirname(path), name), 'utf8')
  return parseFleet(text, { path, env, readTemplate: fileOf })
}

/** The same for a text; `readTemplate` gives a template file's content or throws. */
export function parseFleet(
  text: string,
  { path, env, readTemplate }: { path: string; env: Environment; readTemplate: (name: string) => string },
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
  if (problems.length > 0) throw fail()
  const read = fleetFileSchema.safeParse(document.toJS({ maxAliasCount: 20 }) ?? {})
  if (!read.success) {
    for (const issue of read.error.issues) {
      if (issue.code === 'unrecognized_keys')
        for (const key of issue.keys) report([...issue.path, key], 'is not known here')
      else report(issue.path, issue.message)
    }
    throw fail()
  }

  const inFile: EntryContext = { env, readTemplate, report: () => {} }
  const contextAt = (...at: PropertyKey[]): EntryContext => ({
    ...inFile,
    report: (message, ...inner) => report([...at, ...inner], message),
  })
  const { editors, thinkers } = read.data
  const models = [
    ...editors.map((entry, index) => toEditor(entry, contextAt('editors', index))),
    ...thinkers.map((entry, index) => toThinker(entry, contextAt('thinkers', index))),
  ].map((model, position) => ({ ...model, position }))
  if (models.length === 0) report([], 'lists no editor and no thinker')
  reportRepeats(models, editors.length, report)
  if (problems.length > 0) throw fail()
  return { models }
}

/** Only the entries of one model (`--only`). Throws an Error that lists the others when there is none. */
export function onlyModel(fleet: Fleet, model: string): Fleet {
  const models = fleet.models.filter(entry => entry.model === model)
  if (models.length > 0) return { models }
  const known = [...new Set(fleet.models.map(entry => entry.model))].join(', ')
  throw new Error(`The fleet has no model "${model}"; it lists ${known}.`)
}

type EntryContext = {
  env: Environment
  readTemplate: (name: string) => string
  report: (message: string, ...at: PropertyKey[]) => void
}

type Unplaced = Omit<FleetModel, 'position'>

const EDIT_PIXELS = 4_194_304
const THINK_PIXELS = 1_048_576

function toEditor(entry: EditorEntry, context: EntryContext): Unplaced {
  if (entry.engine === 'builtin') return toBuiltin('EDITOR', entry)
  const { profile, restoreSize, parameters } = entry
  return {
    ...toServer(entry, { deadlineMs: editDeadlineMs, maxPixels: EDIT_PIXELS }),
    kind: 'EDITOR',
    settings: { engine: entry.engine, profile, ...toAccess(entry, context) },
    restoresSize: restoreSize,
    parameters: toParameters(imagesParameters[profile], parameters),
  }
}

function toThinker(entry: ThinkerEntry, context: EntryContext): Unplaced {
  if (entry.engine === 'builtin') return toBuiltin('THINKER', entry)
  const { style, temperature, maxTokens } = entry
  const critiqueTemplate = readTemplate(entry.critiqueTemplate, 'critiqueTemplate', context)
  const polishTemplate = readTemplate(entry.polishTemplate, 'polishTemplate', context)
  if (style === 'tagged' && critiqueTemplate !== null && !critiqueTemplate.includes('{original_instruction}')) {
    context.report('has no {original_instruction}, which the tagged style fills in', 'critiqueTemplate')
  }
  const access = toAccess(entry, context)
  return {
    ...toServer(entry, { deadlineMs: thinkDeadlineMs, maxPixels: THINK_PIXELS }),
    kind: 'THINKER',
    settings: { engine: entry.engine, style, ...access, critiqueTemplate, polishTemplate, temperature, maxTokens },
    restoresSize: false,
    parameters: [],
  }
}

type BuiltinEntry = { capacity: number | 'cores'; deadlineSeconds?: number | undefined }

function toBuiltin(kind: 'EDITOR' | 'THINKER', { capacity, deadlineSeconds }: BuiltinEntry): Unplaced {
  const model = builtinModel(kind, { capacity: capacity === 'cores' ? coreCount() : capacity })
  return deadlineSeconds === undefined ? model : { ...model, deadlineMs: deadlineSeconds * 1_000 }
}

type ServerEntry = Exclude<EditorEntry | ThinkerEntry, { engine: 'builtin' }>

function toServer(entry: ServerEntry, usual: { deadlineMs: number; maxPixels: number }) {
  const { model, capacity, url, urls, deadlineSeconds, maxPixels = usual.maxPixels } = entry
  const deadlineMs = deadlineSeconds === undefined ? usual.deadlineMs : deadlineSeconds * 1_000
  return { model, capacity, urls: urls ?? (url === undefined ? [] : [url]), deadlineMs, maxPixels }
}

function toAccess({ model, servedModel = model, key, keyEnv }: ServerEntry, { env, report }: EntryContext) {
  const name = keyEnv ?? key?.slice('${ENV:'.length, -1)
  if (name === undefined) return { servedModel, key: null }
  const secret = env[name]?.trim()
  if (!secret) report(`the environment variable ${name} is not set`, keyEnv === undefined ? 'key' : 'keyEnv')
  return { servedModel, key: secret ?? null }
}

function readTemplate(name: string | undefined, field: string, context: EntryContext): string | null {
  if (name === undefined) return null
  try {
    return context.readTemplate(name)
  } catch (error) {
    context.report(`cannot be read (${codeOf(error)})`, field)
    return null
  }
}

// (model, URL) names an endpoint, so it can be driven in one way only.
function reportRepeats(
  models: readonly FleetModel[],
  editorCount: number,
  report: (at: readonly PropertyKey[], message: string) => void,
): void {
  const seen = new Set<string>()
  models.forEach(({ model, urls, settings }, position) => {
    const at = position < editorCount ? ['editors', position] : ['thinkers', position - editorCount]
    const own = settings.engine === 'builtin' ? ['builtin'] : urls
    for (const url of own) {
      if (seen.has(`${model} ${url}`)) report(at, `lists ${model} at ${url} a second time`)
      seen.add(`${model} ${url}`)
    }
  })
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

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
}
