import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const SCRIPT = join(import.meta.dirname, 's3-server.sh')
const PROGRAMS = ['radosgw', 'ceph-mon', 'ceph-osd', 'curl']
const PORTS_NEEDED = 3

/** `endpoint` null: the run goes on without S3, and a line has said why. */
export type S3Server = { endpoint: string | null; stop(): Promise<void> }

/**
 * The server of S3_TEST_ENDPOINT, else a Ceph gateway of our own in `folder` (minioadmin / minioadmin, us-east-1), else
 * none. Throws instead of giving none when REQUIRE_S3=1.
 */
export async function startS3(folder: string): Promise<S3Server> {
  const given = process.env.S3_TEST_ENDPOINT
  if (given) return { endpoint: given, stop: async () => {} }
  const reason = (await isUnwanted()) ?? (await findMissing())
  if (reason === null) return startGateway(folder)
  if (process.env.REQUIRE_S3 === '1') throw new Error(`REQUIRE_S3=1, but ${reason}.`)
  process.stdout.write(`S3 tests are skipped: ${reason}.\n`)
  return { endpoint: null, stop: async () => {} }
}

/** A run of named files alone needs no server unless one of them asks for it. */
async function isUnwanted(): Promise<string | null> {
  const files = process.argv.filter(argument => argument.endsWith('.test.ts') && existsSync(argument))
  if (files.length === 0 || process.env.REQUIRE_S3 === '1') return null
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8')))
  return texts.some(text => text.includes('s3Endpoint')) ? null : 'no file of this run mentions s3Endpoint'
}

async function findMissing(): Promise<string | null> {
  const missing: string[] = []
  for (const program of PROGRAMS) {
    await execute('/bin/sh', ['-c', `command -v ${program}`]).catch(() => missing.push(program))
  }
  if (missing.length === 0) return null
  return `S3_TEST_ENDPOINT is not set and ${missing.join(', ')} not installed (Debian: radosgw ceph-mon ceph-osd curl)`
}

async function startGateway(folder: string): Promise<S3Server> {
  const port = await findFreePorts()
  const stop = () => stopS3(folder)
  try {
    await execute('bash', [SCRIPT, 'start', folder, String(port)])
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint: `http://127.0.0.1:${port}`, stop }
}

/** Stops the gateway that was started in `folder`; none there is fine. */
export async function stopS3(folder: string): Promise<void> {
  await execute('bash', [SCRIPT, 'stop', folder])
}

async function findFreePorts(): Promise<number> {
  for (;;) {
    const port = 20_000 + randomInt(12_000)
    const isFree = await Promise.all(Array.from({ length: PORTS_NEEDED }, (_, index) => canListen(port + index)))
    if (isFree.every(Boolean)) return port
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
