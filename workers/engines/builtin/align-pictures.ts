import type { Picture } from '../engine.ts'
import type { Pixels } from './apply-look.ts'
import { renderCaption } from './caption-overlay.ts'
import type { CaptionClause, Clause, GeometryClause } from './clause.ts'
import { white } from './colors.ts'
import { applyStep, sizeAfter, splitGeometry, toStep } from './geometry.ts'
import type { Area } from './measure-planes.ts'
import { decodePicture, type Size, toPixels, toSharp } from './raw-picture.ts'

/** At most this many pixels along the longer side are measured. */
const measuredSide = 512

/**
 * The source turned and cropped as the instruction asks, beside the edited picture without its border, at one size:
 * what differs between them is what the other clauses did. `outer` is the edited picture with its border.
 */
export type AlignedPair = {
  source: Pixels
  edited: Pixels
  outer: Pixels
  inner: Area
  captions: { clause: CaptionClause; area: Area }[]
  expected: Size
  actual: Size
  refused: GeometryClause[]
}

const whole: Area = { left: 0, top: 0, width: 1, height: 1 }

/** Lays the pair over each other. Where the size is not the asked one the edited picture is stretched to it. */
export async function alignPictures(source: Picture, edited: Picture, clauses: Clause[]): Promise<AlignedPair> {
  const [first, outer] = await Promise.all([decodePicture(source, measuredSide), decodePicture(edited, measuredSide)])
  const { before, after } = splitGeometry(clauses)
  const photograph = sizeAfter(first.full, before)
  const framed = sizeAfter(photograph.size, after)
  const scale = first.width / first.full.width
  let reference: Pixels = first
  for (const clause of before) {
    const step = toStep(clause, reference, scale)
    if (step) reference = await applyStep(reference, step, white)
  }
  const inner = innerArea(photograph.size, after)
  const cut = await cutArea(outer, inner)
  const size = { width: Math.min(reference.width, cut.width), height: Math.min(reference.height, cut.height) }
  const captions = []
  for (const clause of clauses) {
    if (clause.kind !== 'caption') continue
    captions.push({ clause, area: await captionArea(clause, photograph.size) })
  }
  return {
    source: await fitTo(reference, size),
    edited: await fitTo(cut, size),
    outer,
    inner,
    captions,
    expected: framed.size,
    actual: outer.full,
    refused: [...photograph.refused, ...framed.refused],
  }
}

/** Where the photograph lies inside its borders. */
function innerArea(photograph: Size, after: GeometryClause[]): Area {
  let size = photograph
  let area = whole
  for (const clause of after) {
    const step = toStep(clause, size, 1)
    if (step?.do === 'extend') {
      const { width, height } = step.size
      area = {
        left: (step.px + area.left * size.width) / width,
        top: (step.px + area.top * size.height) / height,
        width: (area.width * size.width) / width,
        height: (area.height * size.height) / height,
      }
    }
    if (step) size = step.size
  }
  return area
}

async function cutArea(pixels: Pixels, area: Area): Promise<Pixels> {
  if (area === whole) return pixels
  // Rounded inwards: a sliver of border would be measured as part of the photograph.
  const left = Math.ceil(area.left * pixels.width - 0.01)
  const top = Math.ceil(area.top * pixels.height - 0.01)
  const width = Math.max(1, Math.floor((area.left + area.width) * pixels.width + 0.01) - left)
  const height = Math.max(1, Math.floor((area.top + area.height) * pixels.height + 0.01) - top)
  return toPixels(toSharp(pixels).extract({ left, top, width, height }))
}

async function captionArea(clause: CaptionClause, { width, height }: Size): Promise<Area> {
  const { text, left, top } = await renderCaption(clause, width, height)
  const pad = Math.min(width, height) * 0.03
  return {
    left: (left - pad) / width,
    top: (top - pad) / height,
    width: (text.width + 2 * pad) / width,
    height: (text.height + 2 * pad) / height,
  }
}

const fitTo = (pixels: Pixels, size: Size): Promise<Pixels> =>
  pixels.width === size.width && pixels.height === size.height
    ? Promise.resolve(pixels)
    : toPixels(toSharp(pixels).resize({ ...size, fit: 'fill' }))
