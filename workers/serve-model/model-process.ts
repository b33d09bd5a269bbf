import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { PlannedServer } from './plan-servers.ts'

/** A server that runs. `exited` gives its exit code once it has ended, whoever ended it; null: by a signal. */
export type ModelProcess = { exited: Promise<number | null>; stop(): Promise<void> }

// The group is ended when the pipe on its stdin closes, that is when our process ends in whatever way: a server that
// nobody drives would go on holding the GPU. What the server itself leaves behind is ended with it.
const WATCHDOG = `exec 3<&0
trap : TERM INT
"$@" </dev/null 3<&- & p=$!
( trap '' TERM INT; cat <&3 >/dev/null; kill -TERM 0; i=0
  while kill -0 $p 2>/dev/null && [ $i -lt 75 ]; do sleep 0.2; i=$((i+1)); done; kill -KILL 0 ) &
code=129; while [ $code -gt 128 ] && kill -0 $p 2>/dev/null; do wait $p; code=$?; done
wait $p; exit $?`

const STOP_MS = 15_000

/** Starts the server in a process group of its own; its output is appended to its log file. */
export function startModelProcess(
  { argv, env, logFile }: PlannedServer,
  inherited: Readonly<Record<string, string | undefined>>,
): ModelProcess {
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a')
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'model-watchdog', ...argv], {
    env: { ...inherited, ...env },
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  child.stdin?.on('error', () => {}) // 'exit' tells what matters
  let hasExited = false
  const exited = new Promise<number | null>(resolve => {
    child.once('error', () => resolve(127)).once('exit', code => resolve(code))
  }).then(code => {
    hasExited = true
    child.stdin?.destroy() // the half of the watchdog that reads it ends what is left
    return code
  })

  function signalGroup(signal: NodeJS.Signals): void {
    if (hasExited || child.pid === undefined) return
    try {
      process.kill(-child.pid, signal)
    } catch {
      // It ended at this very moment.
    }
  }

  return {
    exited,
    async stop() {
      signalGroup('SIGTERM')
      await Promise.race([exited, delay(STOP_MS, undefined, { ref: false })])
      signalGroup('SIGKILL')
      await exited
    },
  }
}

/** The end of a server's output, for people. */
export async function readLastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.trimEnd().split('\n').slice(-8).join('\n')
}
