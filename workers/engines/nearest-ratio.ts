import type { Size } from './engine.ts'

/** The one of `ratios` ("16:9") whose shape is nearest to that of `size`, by the factor between them. */
export function nearestRatio<Ratio extends string>({ width, height }: Size, ratios: readonly Ratio[]): Ratio {
  const distance = (ratio: string) => {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return Math.abs(Math.log((width / height) * (down / across)))
  }
  return ratios.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best))
}
