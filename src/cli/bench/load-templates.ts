import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { z } from 'zod'
import type { BenchmarkName } from '../../benchmarks/benchmark.ts'
import { CliError } from '../cli-error.ts'

/** Texts for a judge, by the names of the rubric's own. */
export type Templates = Record<string, string>

const Prompts = z.record(z.string(), z.string())

/**
 * The templates of a folder, byte for byte: each NAME.txt, and for ImgEdit the texts of judge_prompt.json by their keys.
 * Throws CliError where there are none, or one is no UTF-8.
 */
export async function loadTemplates(benchmark: BenchmarkName, folder: string): Promise<Templates> {
  const names = await readdir(folder).catch(cause => {
    throw new CliError(`${folder} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  })
  const templates: Templates = {}
  if (benchmark === 'imgedit' && names.includes('judge_prompt.json')) {
    Object.assign(templates, await readPrompts(join(folder, 'judge_prompt.json')))
  }
  for (const name of names.filter(name => name.endsWith('.txt')).sort()) {
    templates[parse(name).name] = await readText(join(folder, name))
  }
  if (Object.keys(templates).length > 0) return templates
  throw new CliError(`There is no .txt file${benchmark === 'imgedit' ? ' and no judge_prompt.json' : ''} in ${folder}.`)
}

/** What tells templates from others: the first 8 hex digits of a SHA-256. */
export function hashTemplates(templates: Templates): string {
  const sorted = Object.entries(templates).sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 8)
}

async function readPrompts(path: string): Promise<Templates> {
  try {
    return Prompts.parse(JSON.parse(await readText(path)))
  } catch (cause) {
    if (cause instanceof CliError) throw cause
    throw new CliError(`${path} is no JSON object of texts.`, { cause })
  }
}

async function readText(path: string): Promise<string> {
  try {
    // A mark at the beginning is part of the text, and a byte that is no UTF-8 would become another one.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(path))
  } catch (cause) {
    throw new CliError(`${path} is no UTF-8 text.`, { cause })
  }
}
