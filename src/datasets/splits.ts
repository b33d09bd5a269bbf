import { createHash } from 'node:crypto'

/** Shares by split, of sum 1, and a text that makes another division of the same shares. */
export type Splits = { shares: Record<string, number>; seed: string }

/**
 * The split of all samples with this key (see ChosenSample), by its hash: so no source is in two splits, and a source stays
 * in its split in every version with the same shares and seed.
 */
export function toSplit(splitKey: string, { shares, seed }: Splits): string {
  const hash = createHash('sha256').update(`${seed}\n${splitKey}`).digest()
  const place = hash.readUIntBE(0, 6) / 2 ** 48
  // By name, since a stored object does not keep the order it was written in.
  const names = Object.keys(shares)
    .filter(name => (shares[name] ?? 0) > 0)
    .sort()
  let end = 0
  for (const name of names) {
    end += shares[name] ?? 0
    if (place < end) return name
  }
  return names.at(-1) ?? 'train'
}
