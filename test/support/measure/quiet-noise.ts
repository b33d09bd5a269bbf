import type { LabPlanes } from './lab-planes.ts'

/** The deviation of lightness from its neighbours, in the quietest quarter of the first picture's 6 x 6 tiles. */
export function quietNoise(first: LabPlanes, picture: LabPlanes): number {
  const { width, height } = first
  const tiles: { unrest: number; noise: number }[] = []
  for (let top = 1; top + 7 < height; top += 6) {
    for (let left = 1; left + 7 < width; left += 6) {
      const { level, unrest, noise } = readTile(first, picture, top * width + left)
      if (level > 5 && level < 96) tiles.push({ unrest, noise })
    }
  }
  tiles.sort((one, two) => one.unrest - two.unrest)
  const quiet = tiles.slice(0, Math.ceil(tiles.length / 4))
  return quiet.reduce((sum, tile) => sum + tile.noise, 0) / Math.max(1, quiet.length)
}

function readTile(first: LabPlanes, { l }: LabPlanes, corner: number) {
  const { width } = first
  let [sum, squares, residues] = [0, 0, 0]
  for (let y = 0; y < 6; y += 1) {
    for (let x = 0; x < 6; x += 1) {
      const p = corner + y * width + x
      const value = first.l[p] ?? 0
      sum += value
      squares += value * value
      const at = (offset: number) => l[p + offset] ?? 0
      const sides = at(-1) + at(1) + at(-width) + at(width)
      const diagonals = at(-width - 1) + at(-width + 1) + at(width - 1) + at(width + 1)
      residues += ((4 * at(0) - 2 * sides + diagonals) / 6) ** 2
    }
  }
  return { level: sum / 36, unrest: squares / 36 - (sum / 36) ** 2, noise: Math.sqrt(residues / 36) }
}
