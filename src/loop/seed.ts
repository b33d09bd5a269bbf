/** The largest seed we give: every engine takes 0..2147483646 (2^31 - 1 and negative numbers mean "random" to some). */
export const maxSeed = 2147483646

/**
 * The seed of one call, 0..maxSeed, the same for the same arguments. Index 1, candidate 0 has the base seed itself; all
 * others are spread by a hash, so the same prompt edited in a later round has another seed. `attempt` tells asks of one stage apart.
 */
export function deriveSeed(baseSeed: number, index: number, candidate: number, attempt = 0): number {
  if (index === 1 && candidate === 0 && attempt === 0) return toSeed(baseSeed)
  let hash = scramble(toSeed(baseSeed))
  for (const part of [index, candidate, attempt]) hash = scramble(hash + part + 0x9e3779b9)
  return toSeed(hash)
}

function toSeed(value: number): number {
  const count = maxSeed + 1
  return ((Math.trunc(value) % count) + count) % count
}

// The finalizer of MurmurHash3 (32 bit): a bijection in which every input bit moves every output bit.
function scramble(value: number): number {
  let hash = value >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
