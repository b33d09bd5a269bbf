import { spawnSync } from 'node:child_process'

/** Whether there is a python3; if not it says why nothing is tested, and with REQUIRE_PYTHON=1 fails. */
export function findPython(): boolean {
  if (spawnSync('python3', ['--version']).status === 0) return true
  const reason = 'Tests with Python are skipped: no python3 is installed (REQUIRE_PYTHON=1 makes this an error).'
  if (process.env.REQUIRE_PYTHON === '1') throw new Error(reason)
  process.stderr.write(`${reason}\n`)
  return false
}
