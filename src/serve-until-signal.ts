import type { Logger } from 'pino'
import type { App } from './app.ts'

/**
 * Starts a server and prints one line with its URL when it is ready. The first SIGTERM or SIGINT drains it and ends the
 * process with 0, a second one ends it at once; a start that fails prints why and ends it with 1.
 */
export async function serveUntilSignal(build: () => Promise<{ app: App; log: Logger }>): Promise<void> {
  let app: App | undefined
  let isStopping = false

  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (isStopping) process.exit(128 + SIGNAL_NUMBERS[signal])
    isStopping = true
    await app?.stop()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))

  try {
    const built = await build()
    app = built.app
    const { log } = built
    process.on('unhandledRejection', error => log.error({ err: error }, 'a promise was rejected and nobody looked'))
    const { url, firstKey } = await app.start()
    if (isStopping) return
    if (firstKey) say(`The first OPERATOR key, shown only this once: ${firstKey}`)
    say(`Pentimento is ready at ${url}/graphql`)
  } catch (error) {
    if (isStopping) return // the drain took away what the start was about to use
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    isStopping = true
    await app?.stop()
    process.exit(1)
  }
}

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as Record<NodeJS.Signals, number>

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
