import { execFileSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'

/** Path of an installed Chromium, or null: then why, and with REQUIRE_BROWSER=1 an error. */
export function findChromium(): string | null {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {
      // not this one
    }
  }
  const reason = 'Browser tests are skipped: no Chromium is installed (REQUIRE_BROWSER=1 makes this an error).'
  if (process.env.REQUIRE_BROWSER === '1') throw new Error(reason)
  process.stderr.write(`${reason}\n`)
  return null
}

/** Names that end in .example mean this machine, as if an attacker's DNS said so. */
export function launchChromium(executablePath: string): Promise<Browser> {
  const args = [
    ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
    '--host-resolver-rules=MAP *.example 127.0.0.1',
  ]
  return chromium.launch({ executablePath, args, timeout: 60_000 })
}
