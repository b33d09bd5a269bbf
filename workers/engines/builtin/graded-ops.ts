import type { GradedOp, Unit } from './clause.ts'

/**
 * What an amount of a graded change means, as measured on the whole picture at 512 px or less, in CIELAB (D65):
 * `%` is relative to the source's own value, `points` are CIELAB units added to it.
 * A cast and a saturation asked together are told apart as judge-graded.ts says.
 * `plain` is what a word without a number asks ("brighter"), scaled by qualifiers ("slightly" 0.5, "much" 2);
 * `slopes` bounds what one unit applied at the fixed gain measures on photographs;
 * `full` is what 100% means where the unit is not a percentage; amounts applied never leave `min`..`max`.
 */
export type GradedSpec = {
  unit: Unit
  plain: number
  plainDown: number
  full: number
  min: number
  max: number
  toleranceFloor: number
  slopes: [number, number]
  measures: string
}

const spec = (
  unit: Unit,
  [plain, plainDown]: [number, number],
  full: number,
  [min, max]: [number, number],
  toleranceFloor: number,
  slopes: [number, number],
  measures: string,
): GradedSpec => ({ unit, plain, plainDown, full, min, max, toleranceFloor, slopes, measures })

/** The definitions of the graded changes. Brightness alone has two units: points for "brighter", % for "darker" and where a percentage is named. */
export const gradedOps: Record<GradedOp, GradedSpec> = {
  brightness: spec('points', [8, -18], 50, [-48, 48], 0.8, [0.45, 1.1], 'mean lightness L*'),
  contrast: spec('%', [12, -12], 100, [-95, 250], 1.5, [0.2, 1.3], 'standard deviation of L*'),
  saturation: spec('%', [25, -25], 100, [-98, 250], 2, [0.3, 1.2], 'mean chroma C*'),
  warmth: spec('points', [8, -8], 30, [-60, 60], 1.3, [0.25, 1.1], 'mean b*'),
  tint: spec('points', [10, -10], 40, [-70, 70], 1.3, [0.25, 1.1], "mean of (a*, b*) along the colour's hue"),
  hue: spec('degrees', [30, -30], 360, [-180, 180], 3, [0.7, 1.2], 'hue angle, weighted by chroma'),
  highlights: spec('points', [8, -8], 40, [-50, 50], 1.2, [0.4, 1.3], 'mean L* of the brightest quarter'),
  shadows: spec('points', [8, -8], 40, [-50, 50], 1.2, [0.4, 1.3], 'mean L* of the darkest quarter'),
  exposure: spec('stops', [0.5, -0.5], 1, [-4, 4], 0.06, [0.45, 1.2], 'light on the middle tones (median of log2)'),
  sharpness: spec('%', [40, -50], 100, [-98, 400], 3, [0.4, 1.4], 'mean absolute Laplacian of L*'),
  noise: spec('%', [30, -50], 100, [-98, 100], 5, [0.3, 2.5], 'deviation of L* in the flattest areas'),
  grain: spec('points', [2.5, -2.5], 20, [0, 40], 0.25, [0.4, 1.6], 'deviation of L* added in the flattest areas'),
  vignette: spec('%', [30, -30], 100, [-90, 95], 2, [0.7, 1.15], 'L* of the corners against the centre'),
}

/**
 * What a qualified word asks: `factor` 0.5 is "slightly", 1 no qualifier, 2 "much". Falls of bounded things never pass
 * 100%. "Darker" is a share of the picture's own lightness, or a night scene would drown; "brighter" is in points.
 */
export function gradedAmount(op: GradedOp, sign: number, factor: number): { amount: number; unit: Unit } {
  const { plain, plainDown } = gradedOps[op]
  const unit = op === 'brightness' && sign < 0 ? '%' : gradedOps[op].unit
  const base = sign < 0 ? plainDown : plain
  const isBounded = unit === '%' && (sign < 0 || op === 'vignette')
  if (!isBounded) return { amount: base * factor, unit }
  return { amount: Math.sign(base) * 100 * (1 - (1 - Math.abs(base) / 100) ** factor), unit }
}

/** A percentage in the change's own unit: 30% of warmth is 9 points. Brightness keeps its percentage. */
export function percentToAmount(op: GradedOp, percent: number): { amount: number; unit: Unit } {
  const { unit, full } = gradedOps[op]
  if (unit === '%' || op === 'brightness') return { amount: percent, unit: '%' }
  if (op === 'exposure') return { amount: Math.log2(Math.max(1 + percent / 100, 0.05)), unit }
  return { amount: (percent / 100) * full, unit }
}

/** The amount held within what the editor can apply. */
export function clampAmount(op: GradedOp, amount: number, unit: Unit): number {
  const { min, max } = gradedOps[op]
  const scale = op === 'brightness' && unit === '%' ? 2 : 1
  return Math.min(Math.max(amount, min * scale), max * scale)
}
