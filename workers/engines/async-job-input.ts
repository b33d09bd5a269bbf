import type { EditRequest, Picture, Size } from './engine.ts'
import { EngineError } from './engine.ts'
import { nearestRatio } from './nearest-ratio.ts'
import type { HostedDialect, HostedSize, Provider } from './providers/provider.ts'

/** What a provider's model is given for one edit, in its own fields. Throws EngineError `rejected` for what it cannot take. */
export function toHostedInput(
  { prompt, source, mask, references, size, seed, parameters }: EditRequest,
  dialect: HostedDialect,
  pictureForm: Provider['pictureForm'],
): Record<string, unknown> {
  const pictures = source === null ? references : [source, ...references]
  const toText = pictureForm === 'base64' ? toBase64 : toDataUrl
  return {
    ...dialect.usual,
    ...(source !== null && dialect.usualWithSource),
    ...parameters,
    ...dialect.always,
    ...(size !== null && dialect.size !== null && toSizeFields(size, dialect.size)),
    ...toPictureFields(pictures.map(toText), dialect.pictures),
    ...(mask !== null && toMaskField(toText(mask), dialect.mask)),
    prompt,
    seed,
  }
}

function toBase64({ bytes }: Picture): string {
  return bytes.toString('base64')
}

function toDataUrl({ bytes, contentType }: Picture): string {
  return `data:${contentType};base64,${bytes.toString('base64')}`
}

function toPictureFields(
  pictures: readonly string[],
  { field, as, max }: HostedDialect['pictures'],
): Record<string, unknown> {
  if (pictures.length > max) {
    const message = `This editor takes at most ${max} ${max === 1 ? 'picture' : 'pictures'}, and the job has ${pictures.length}.`
    throw new EngineError('rejected', 'TOO_MANY_PICTURES', message)
  }
  if (pictures.length === 0) return {}
  if (as === 'list') return { [field]: pictures }
  return Object.fromEntries(
    pictures.map((picture, index) => [index === 0 ? field : `${field}_${index + 1}`, picture] as const),
  )
}

function toMaskField(mask: string, field: string | null): Record<string, unknown> {
  if (field === null) throw new EngineError('rejected', 'MASK_UNSUPPORTED', 'This editor takes no mask.')
  return { [field]: mask }
}

const listedRatios = ['21:9', '16:9', '4:3', '3:2', '1:1', '2:3', '3:4', '9:16', '9:21'] as const

function toSizeFields({ width, height }: Size, form: HostedSize): Record<string, unknown> {
  const pixels = { width: toSixteens(width), height: toSixteens(height) }
  switch (form) {
    case 'pixels':
      return pixels
    case 'imageSize':
      return { image_size: pixels }
    case 'custom':
      return { aspect_ratio: 'custom', ...pixels }
    case 'ratio': {
      const divisor = greatestDivisor(width, height)
      return { aspect_ratio: `${width / divisor}:${height / divisor}` }
    }
    case 'listedRatio':
      return { aspect_ratio: nearestRatio({ width, height }, listedRatios) }
    default:
      return form satisfies never
  }
}

// The models make pictures of whole latent tiles.
function toSixteens(pixels: number): number {
  return Math.max(64, Math.round(pixels / 16) * 16)
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}
