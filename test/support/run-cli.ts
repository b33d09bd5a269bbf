import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { until } from './until.ts'

/** A command that runs: what it has printed so far, and how it ends. */
export type RunningCli = {
  child: ChildProcess
  stdout(): string
  stderr(): string
  /** Resolves when standard output holds `text`. */
  prints(text: string): Promise<unknown>
  end(): Promise<CliResult>
}

export type CliResult = { code: number | null; stdout: string; stderr: string }

const bin = join(import.meta.dirname, '../../bin/pentimento.js')

/** Starts `pentimento` as a shell would, its output piped, with nothing of our environment but what is given. */
export function startCli(args: string[], env: Record<string, string> = {}): RunningCli {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', chunk => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', chunk => (stderr += chunk))
  const close = once(child, 'close') as Promise<[number | null]>
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    prints: text => until(`the command prints "${text}"`, () => stdout.includes(text), 60_000),
    async end() {
      const [code] = await close
      return { code, stdout, stderr }
    },
  }
}

/** Runs `pentimento` to its end. */
export function runCli(args: string[], env: Record<string, string> = {}): Promise<CliResult> {
  return startCli(args, env).end()
}

/** The values of JSON lines. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}
