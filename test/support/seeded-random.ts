import { deriveSeed, maxSeed } from '../../src/loop/seed.ts'

/** Numbers from 0 to 1, the same for the same seed. */
export type Random = () => number

/** A source of its own: what others draw does not move it. */
export function seededRandom(seed: number): Random {
  let drawn = 0
  return () => deriveSeed(seed, 2, 0, ++drawn) / (maxSeed + 1)
}

/** One of them. */
export function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(random() * items.length)] ?? items[0]
}

/** The same items in another order. */
export function shuffle<Item>(random: Random, items: readonly Item[]): Item[] {
  return items
    .map(item => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
