import type { Pixels } from './apply-look.ts'
import type { Area } from './measure-planes.ts'

/** The share of channel values that lie on one of so many even levels. */
export function levelShare({ data, width, height, channels }: Pixels, inner: Area, levels: number): number {
  const step = 255 / (levels - 1)
  const near = Math.min(7, step / 4)
  let [count, hits] = [0, 0]
  for (let y = Math.ceil(inner.top * height); y < (inner.top + inner.height) * height; y += 2) {
    for (let x = Math.ceil(inner.left * width); x < (inner.left + inner.width) * width; x += 1) {
      for (let channel = 0; channel < 3; channel += 1) {
        const value = data[(y * width + x) * channels + channel] ?? 0
        count += 1
        if (Math.abs(value - Math.round(value / step) * step) <= near) hits += 1
      }
    }
  }
  return count > 0 ? hits / count : 1
}

/** True where neighbours differ at the borders of blocks of `px` and hardly inside them; blocks under 2 px cannot be seen. */
export function blockiness({ data, width, height, channels }: Pixels, px: number): boolean {
  if (px < 2) return true
  let [inside, insideCount, across, acrossCount] = [0, 0, 0, 0]
  for (let y = 0; y < height; y += 3) {
    for (let x = 1; x < width; x += 1) {
      const at = (y * width + x) * channels
      const difference =
        Math.abs((data[at] ?? 0) - (data[at - channels] ?? 0)) +
        Math.abs((data[at + 1] ?? 0) - (data[at - channels + 1] ?? 0))
      const offset = x % px
      // Scaled down, a border falls between two pixels: both sides of it are left out of the inside.
      if (offset < 1) {
        across += difference
        acrossCount += 1
      } else if (offset >= 2 && offset < px - 1) {
        inside += difference
        insideCount += 1
      }
    }
  }
  if (acrossCount === 0 || insideCount === 0) return true
  return inside / insideCount < 0.35 * (across / acrossCount) + 0.6
}
