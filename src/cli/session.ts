import chalk from 'chalk'
import { type Command, InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { loadProcessClientConfig } from '../config.ts'
import { type ApiClient, connectApi } from './api-client.ts'
import { UsageError } from './cli-error.ts'

/** What every command that talks to a server starts from. */
export type Session = {
  api: ApiClient
  /** Print one JSON value a line, and nothing for people. */
  isJson: boolean
  /** How wide text for people may be. */
  columns: number
}

/** From the options of the command and those above it, then from the environment. Throws ConfigError. */
export function openSession(command: Command): Session {
  const options = command.optsWithGlobals<{ server?: string; key?: string }>()
  const config = loadProcessClientConfig()
  const server = (options.server === undefined ? config.server : readServer(options.server)).replace(/\/graphql$/, '')
  return {
    api: connectApi({ server, key: options.key ?? config.key }),
    isJson: openOutput(command).isJson,
    columns: process.stdout.columns ?? 100,
  }
}

/** How a command prints, whether or not it talks to a server; colours are off where they are unwanted. */
export function openOutput(command: Command): { isJson: boolean } {
  if (loadProcessClientConfig().isPlain) chalk.level = 0
  return { isJson: command.optsWithGlobals<{ json?: true }>().json ?? false }
}

// Not while the command line is parsed: `fleet start` has a --server of its own, which means another thing.
function readServer(text: string): string {
  try {
    return parseServer(text)
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new UsageError(`--server ${text} is not usable. ${error.message}`)
    throw error
  }
}

/** For `--server`: the address without a slash at its end. */
export function parseServer(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new InvalidArgumentError('It must be a URL such as http://127.0.0.1:4000.')
  }
  return new URL(text).href.replace(/\/+$/, '')
}

/** A parser of whole numbers within limits, both included. */
export function parseWholeNumber(min: number, max: number): (text: string) => number {
  return text => {
    const value = Number(text)
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
    }
    return value
  }
}

/** A moment, given as a date or as a date with a time; as the API takes it. */
export function parseMoment(text: string): string {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError('It must be a date such as 2026-11-24 or 2026-11-24T08:00Z.')
  return new Date(time).toISOString()
}

/** For options that are a JSON object, such as a filter. */
export function parseObject(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text))
  } catch {
    throw new InvalidArgumentError(`It must be a JSON object such as '{"gain":{"gte":1}}'.`)
  }
}

/** Collects an option that may be given several times, or once with commas. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, ...text.split(',').filter(Boolean)]
}

/** One JSON value, on a line of its own. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value))
}
