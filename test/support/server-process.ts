import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { until } from './until.ts'

export type ServerProcess = {
  readonly child: ChildProcess
  readonly pid: number
  /** What it has printed so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves with the GraphQL URL of its ready line; rejects when it ends before. */
  ready(limitMs?: number): Promise<string>
  /** Sends the signal, if one is given, and resolves with how the process ended. */
  end(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

const root = join(import.meta.dirname, '../..')

/** Runs a script of this repository in a process of its own, with nothing of our environment but what is given. */
export function startProcess(script: string, env: Record<string, string>, args: string[] = []): ServerProcess {
  const { PATH = '', HOME = '', TMPDIR } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, script), ...args], {
    cwd: root,
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => (stdout += chunk))
  child.stderr.on('data', chunk => (stderr += chunk))
  const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>

  return {
    child,
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    async ready(limitMs = 30_000) {
      return until(
        `${script} is ready`,
        () => {
          if (child.exitCode !== null) throw new Error(`${script} ended with ${child.exitCode}: ${stderr}`)
          return /ready at (\S+)/.exec(stdout)?.[1]
        },
        limitMs,
      )
    },
    async end(signal) {
      if (signal) child.kill(signal)
      const [code, how] = await exit
      return { code, signal: how }
    },
  }
}
