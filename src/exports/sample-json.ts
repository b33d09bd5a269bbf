import type { Sample, SamplePicture } from '../datasets/sample.ts'

/**
 * The sample's content as plain JSON: its hash and position first, pictures with their `path` in the export instead of where
 * they lie in our store.
 */
export function toSampleJson(sample: Sample, place: (picture: SamplePicture) => string): Record<string, unknown> {
  const content = withPlaces(sample.content, place)
  return { hash: sample.hash, position: sample.position, ...(content as Record<string, unknown>) } // it was an object
}

function withPlaces(value: unknown, place: (picture: SamplePicture) => string): unknown {
  if (Array.isArray(value)) return value.map(item => withPlaces(item, place))
  if (typeof value !== 'object' || value === null) return value
  if (isPicture(value)) {
    const { objectKey: _, ...rest } = value
    return { path: place(value), ...rest }
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, FREE.has(key) ? inner : withPlaces(inner, place)]),
  )
}

/** What callers wrote: nothing in it is a picture of ours, whatever it looks like. */
const FREE = new Set(['metadata', 'settings'])

function isPicture(value: object): value is SamplePicture {
  return 'objectKey' in value && 'sha256' in value
}
