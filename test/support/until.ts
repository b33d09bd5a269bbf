import { setTimeout as sleep } from 'node:timers/promises'

type Falsy = false | null | undefined | 0 | ''

/** Resolves once `check` gives something truthy, with that; fails with `what` after `limitMs`. */
export async function until<Value>(
  what: string,
  check: () => Value | Promise<Value>,
  limitMs = 10_000,
): Promise<Exclude<Value, Falsy>> {
  const giveUpAt = Date.now() + limitMs
  for (;;) {
    const value = await check()
    if (value) return value as Exclude<Value, Falsy> // truthiness narrows no type parameter
    if (Date.now() > giveUpAt) throw new Error(`Waited ${limitMs} ms in vain: ${what}.`)
    await sleep(5)
  }
}

/** A number that has begun to grow, once it has stayed the same for a second. */
export async function untilSteady(read: () => number | Promise<number>, limitMs = 60_000): Promise<number> {
  let last = 0
  let changedAt = Date.now()
  const isSteady = async () => {
    const value = await read()
    if (value !== last) changedAt = Date.now()
    last = value
    return last > 0 && Date.now() - changedAt > 1_000
  }
  await until('it is steady', isSteady, limitMs)
  return last
}

/** The promise's value, or a failure that says `what` after `limitMs`. */
export async function within<Value>(what: string, promise: Promise<Value>, limitMs = 10_000): Promise<Value> {
  const stop = new AbortController()
  const late = sleep(limitMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`Waited ${limitMs} ms in vain: ${what}.`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => {})
    stop.abort()
  }
}
