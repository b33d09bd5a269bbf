// One supervisor a data folder. The lock file names its process so that no other one, not even of the same pid, is
// taken for it. It guards processes of one machine: two machines or containers must not share a data folder.

import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { identifyProcess } from './process-table.ts'

const Holder = z.object({ pid: z.int().positive(), identity: z.string() })

/** The pid of the live process that holds the lock file; null if nobody does. */
export async function findLockHolder(lockFile: string): Promise<number | null> {
  const content = await readFile(lockFile, 'utf8').catch(() => null)
  return content === null ? null : livingHolder(content)
}

/** Takes the lock: true, or the pid of the live process that has it. That of a dead process is taken over. */
export async function takeLock(lockFile: string): Promise<true | { heldBy: number }> {
  const own = `${lockFile}.${randomUUID()}`
  await writeFile(own, JSON.stringify({ pid: process.pid, identity: await identifyProcess(process.pid) }))
  try {
    for (;;) {
      // link is atomic: the lock appears with its content or not at all.
      const isTaken = await link(own, lockFile).then(
        () => true,
        error => {
          if (error.code !== 'EEXIST') throw error
          return false
        },
      )
      if (isTaken) return true
      const content = await readFile(lockFile, 'utf8').catch(() => null)
      if (content === null) continue
      const holder = await livingHolder(content)
      if (holder !== null) return { heldBy: holder }
      await removeStale(lockFile, content)
    }
  } finally {
    await rm(own, { force: true })
  }
}

/** Gives the lock back. */
export async function releaseLock(lockFile: string): Promise<void> {
  await rm(lockFile, { force: true })
}

/** Two may find the same stale lock; the slower one must not remove the lock the quicker one has taken by then. */
async function removeStale(lockFile: string, content: string): Promise<void> {
  const aside = `${lockFile}.${randomUUID()}`
  try {
    await rename(lockFile, aside)
  } catch {
    return
  }
  if ((await readFile(aside, 'utf8')) !== content) await link(aside, lockFile).catch(() => {})
  await rm(aside, { force: true })
}

async function livingHolder(content: string): Promise<number | null> {
  const holder = Holder.safeParse(parseJson(content))
  if (!holder.success) return null
  return (await identifyProcess(holder.data.pid)) === holder.data.identity ? holder.data.pid : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
