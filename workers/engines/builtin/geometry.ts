import type { Pixels } from './apply-look.ts'
import type { BorderClause, Clause, CropClause, GeometryClause, Length, ResizeClause, RotateClause } from './clause.ts'
import { type Size, toPixels, toSharp } from './raw-picture.ts'

const maxSide = 16_384
const maxPixels = 100_000_000

/** What a geometric clause does to a picture of a given size; null where it cannot be done at that size. */
export type Step =
  | { do: 'rotate'; degrees: number; size: Size; keeps: Size | null }
  | { do: 'flip'; axis: 'horizontal' | 'vertical'; size: Size }
  | { do: 'extract'; left: number; top: number; size: Size }
  | { do: 'resize'; size: Size }
  | { do: 'extend'; px: number; size: Size }

/** The geometric clauses in order: those that shape the photograph, then what comes from the first border on. */
export function splitGeometry(clauses: Clause[]): { before: GeometryClause[]; after: GeometryClause[] } {
  const geometric = clauses.filter((clause): clause is GeometryClause =>
    ['rotate', 'flip', 'crop', 'resize', 'border'].includes(clause.kind),
  )
  const firstBorder = geometric.findIndex(clause => clause.kind === 'border')
  if (firstBorder < 0) return { before: geometric, after: [] }
  const late = geometric.slice(firstBorder)
  // Turning and cropping are of the photograph; only a size asked after the border means the framed picture.
  const isFramed = (clause: GeometryClause) => clause.kind === 'border' || clause.kind === 'resize'
  return {
    before: [...geometric.slice(0, firstBorder), ...late.filter(clause => !isFramed(clause))],
    after: late.filter(isFramed),
  }
}

/** The step for one clause; lengths in px are multiplied with `scale`, 1 for the full picture. */
export function toStep(clause: GeometryClause, size: Size, scale: number): Step | null {
  switch (clause.kind) {
    case 'rotate':
      return rotation(clause, size)
    case 'flip':
      return { do: 'flip', axis: clause.axis, size }
    case 'crop':
      return crop(clause, size, scale)
    case 'resize':
      return resize(clause, size, scale)
    case 'border':
      return border(clause, size, scale)
    default:
      clause satisfies never
      return null
  }
}

/** Does the step. What a turn uncovers and a border adds has alpha 0 where the pixels have alpha; borders get `color`. */
export async function applyStep(pixels: Pixels, step: Step, color: BorderClause['color']): Promise<Pixels> {
  switch (step.do) {
    case 'flip':
      return toPixels(step.axis === 'horizontal' ? toSharp(pixels).flop() : toSharp(pixels).flip())
    case 'extract':
      return toPixels(toSharp(pixels).extract({ left: step.left, top: step.top, ...step.size }))
    case 'resize':
      return toPixels(toSharp(pixels).resize({ ...step.size, fit: 'fill' }))
    case 'extend': {
      const side = step.px
      const background = { r: color.r, g: color.g, b: color.b, alpha: 1 }
      return toPixels(toSharp(pixels).extend({ top: side, bottom: side, left: side, right: side, background }))
    }
    case 'rotate': {
      const isRight = step.degrees % 90 === 0
      if (isRight) return toPixels(toSharp(pixels).rotate(step.degrees))
      const clear = { r: 255, g: 255, b: 255, alpha: 0 }
      const turned = await toPixels(toSharp(pixels).ensureAlpha().rotate(step.degrees, { background: clear }))
      if (!step.keeps) return turned
      const kept = {
        width: Math.min(step.keeps.width, turned.width),
        height: Math.min(step.keeps.height, turned.height),
      }
      const left = Math.floor((turned.width - kept.width) / 2)
      const top = Math.floor((turned.height - kept.height) / 2)
      const inner = toSharp(turned).extract({ left, top, ...kept })
      return toPixels(pixels.channels === 4 ? inner : inner.removeAlpha())
    }
    default:
      step satisfies never
      return pixels
  }
}

/** The size a picture has after the clauses, and the clauses that cannot be done at its size. */
export function sizeAfter(start: Size, clauses: GeometryClause[]): { size: Size; refused: GeometryClause[] } {
  let size = start
  const refused: GeometryClause[] = []
  for (const clause of clauses) {
    const step = toStep(clause, size, 1)
    if (!step) refused.push(clause)
    else size = step.do === 'rotate' && step.keeps ? step.keeps : step.size
  }
  return { size, refused }
}

function rotation({ degrees, isLevelling }: RotateClause, { width, height }: Size): Step {
  const isUpright = degrees % 180 === 0
  if (isUpright || degrees % 90 === 0)
    return {
      do: 'rotate',
      degrees,
      size: isUpright ? { width, height } : { width: height, height: width },
      keeps: null,
    }
  const sin = Math.abs(Math.sin((degrees * Math.PI) / 180))
  const cos = Math.abs(Math.cos((degrees * Math.PI) / 180))
  const size = { width: Math.round(width * cos + height * sin), height: Math.round(width * sin + height * cos) }
  // The largest upright rectangle of the picture's own shape that holds no corner.
  const share = Math.min(width / (width * cos + height * sin), height / (width * sin + height * cos))
  const keeps = {
    width: Math.max(1, Math.floor(width * share) - 1),
    height: Math.max(1, Math.floor(height * share) - 1),
  }
  return { do: 'rotate', degrees, size, keeps: isLevelling ? keeps : null }
}

function crop(clause: CropClause, { width, height }: Size, scale: number): Step | null {
  const centered = (w: number, h: number): Step => {
    const size = { width: Math.max(1, Math.round(w)), height: Math.max(1, Math.round(h)) }
    return {
      do: 'extract',
      left: Math.floor((width - size.width) / 2),
      top: Math.floor((height - size.height) / 2),
      size,
    }
  }
  switch (clause.to) {
    case 'ratio': {
      const ratio = clause.width / clause.height
      return width / height > ratio ? centered(height * ratio, height) : centered(width, width / ratio)
    }
    case 'size':
      if (clause.width * scale > width + 1 || clause.height * scale > height + 1) return null
      return centered(Math.min(clause.width * scale, width), Math.min(clause.height * scale, height))
    case 'part':
      return centered((width * clause.percent) / 100, (height * clause.percent) / 100)
    case 'edge': {
      const isAcross = clause.side === 'left' || clause.side === 'right'
      const cut = Math.round(toPx(clause.length, isAcross ? width : height, scale))
      const size = isAcross ? { width: width - cut, height } : { width, height: height - cut }
      if (size.width < 1 || size.height < 1) return null
      return { do: 'extract', left: clause.side === 'left' ? cut : 0, top: clause.side === 'top' ? cut : 0, size }
    }
    default:
      clause satisfies never
      return null
  }
}

function resize(clause: ResizeClause, { width, height }: Size, scale: number): Step | null {
  const to = (w: number, h: number): Step | null => {
    const size = { width: Math.max(1, Math.round(w)), height: Math.max(1, Math.round(h)) }
    const isFit = size.width <= maxSide && size.height <= maxSide && size.width * size.height <= maxPixels
    return isFit ? { do: 'resize', size } : null
  }
  if (clause.to === 'size') return to(clause.width * scale, clause.height * scale)
  if (clause.to === 'scale') return to((width * clause.percent) / 100, (height * clause.percent) / 100)
  const side = clause.to === 'width' ? width : clause.to === 'height' ? height : Math.max(width, height)
  const factor = (clause.px * scale) / side
  return to(width * factor, height * factor)
}

function border({ width: length }: BorderClause, { width, height }: Size, scale: number): Step | null {
  const px = Math.max(1, Math.round(toPx(length, Math.min(width, height), scale)))
  const size = { width: width + 2 * px, height: height + 2 * px }
  return size.width <= maxSide && size.height <= maxSide ? { do: 'extend', px, size } : null
}

const toPx = ({ value, unit }: Length, whole: number, scale: number) =>
  unit === '%' ? (whole * value) / 100 : value * scale
