import sharp from 'sharp'

/** A picture as three planes of CIELAB (D65), decoded by sharp and converted here. Nothing is shared with the engines. */
export type LabPlanes = {
  width: number
  height: number
  l: Float64Array
  a: Float64Array
  b: Float64Array
  y: Float64Array
}

const known = new WeakMap<Buffer, Promise<LabPlanes>>()

/** Reads a picture's every pixel, once for each buffer. */
export function toLabPlanes(bytes: Buffer): Promise<LabPlanes> {
  const planes = known.get(bytes) ?? readPlanes(bytes)
  known.set(bytes, planes)
  return planes
}

async function readPlanes(bytes: Buffer): Promise<LabPlanes> {
  const image = sharp(bytes).toColourspace('srgb').removeAlpha().raw()
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const plane = () => new Float64Array(width * height)
  const planes: LabPlanes = { width, height, l: plane(), a: plane(), b: plane(), y: plane() }
  for (let p = 0; p < width * height; p += 1) {
    const at = 3 * p
    const r = light[data[at] ?? 0] ?? 0
    const g = light[data[at + 1] ?? 0] ?? 0
    const b = light[data[at + 2] ?? 0] ?? 0
    const y = 0.212671 * r + 0.71516 * g + 0.072169 * b
    const x = root((0.412453 * r + 0.35758 * g + 0.180423 * b) / 0.950456)
    const z = root((0.019334 * r + 0.119193 * g + 0.950227 * b) / 1.088754)
    planes.l[p] = 116 * root(y) - 16
    planes.a[p] = 500 * (x - root(y))
    planes.b[p] = 200 * (root(y) - z)
    planes.y[p] = y
  }
  return planes
}

function toLight(value: number): number {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92
}
const light = Float64Array.from({ length: 256 }, (_, value) => toLight(value / 255))
const root = (value: number) => (value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116)
