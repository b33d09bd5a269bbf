import type { Clause, GradedOp, Instruction, Kept } from './clause.ts'
import type { Measurement } from './measure.ts'

/** Something that changed and was not to. `miss` is in tolerances; `correction` undoes it where one clause can. */
export type Drift = {
  what: string
  miss: number
  correction: { op: GradedOp; unit: '%' | 'points'; by: number } | null
}

// What changes along by nature, and is no damage unless the instruction says to keep it: light moves contrast, colour
// casts move chroma.
const tonal: string[] = ['brightness', 'exposure', 'gamma', 'highlights', 'shadows', 'invert', 'posterize', 'vignette']
const coloring: string[] = [
  'saturation',
  'warmth',
  'tint',
  'hue',
  'mono',
  'sepia',
  'invert',
  'exposure',
  'posterize',
  'gamma',
]
const moves: Record<Exclude<Kept, 'size'>, { direct: string[]; along: string[] }> = {
  brightness: { direct: ['brightness'], along: ['exposure', 'gamma', 'highlights', 'shadows', 'invert', 'posterize'] },
  contrast: { direct: ['contrast'], along: [...tonal, 'sharpness', 'blur', 'pixelate', 'noise'] },
  color: { direct: ['saturation', 'mono', 'sepia', 'warmth', 'tint', 'hue'], along: coloring },
  sharpness: {
    direct: ['sharpness', 'blur', 'pixelate', 'noise', 'grain'],
    along: [...tonal, 'contrast', 'resize', 'rotate', 'crop'],
  },
}

/** Everything the instruction did not ask for that the edit moved beyond its tolerance, or that a correction already holds. */
export function watchUnasked(instruction: Instruction, { source, edited }: Measurement, inPrompt: Clause[]): Drift[] {
  const asked = instruction.clauses.map(clause => (clause.kind === 'graded' ? clause.op : clause.kind))
  const drifts: Drift[] = []
  const watch = (kept: Exclude<Kept, 'size'>, drift: number, tolerance: number, found: Omit<Drift, 'miss'>) => {
    const { direct, along } = moves[kept]
    const isKept = instruction.kept.includes(kept)
    if (asked.some(each => direct.includes(each) || (!isKept && along.includes(each)))) return
    const miss = Math.abs(drift) / (tolerance * (isKept ? 0.7 : 1))
    const { correction } = found
    const isHeld = correction !== null && inPrompt.some(each => each.kind === 'graded' && each.op === correction.op)
    if (miss > 0.4 || isHeld) drifts.push({ ...found, miss })
  }
  const lightness = edited.lightness - source.lightness
  const chroma = edited.chroma - source.chroma
  const contrast = source.contrast > 0.5 ? (edited.contrast / source.contrast - 1) * 100 : 0
  watch('brightness', lightness, 1.5, {
    what: `lightness ${moved(lightness)} L*`,
    correction: { op: 'brightness', unit: 'points', by: -lightness },
  })
  watch('contrast', contrast, 6, {
    what: `contrast ${moved(contrast)}%`,
    correction: { op: 'contrast', unit: '%', by: -contrast },
  })
  watch('color', chroma, Math.max(2, source.chroma * 0.06), {
    what: `colour strength ${moved(chroma)} C*`,
    correction: { op: 'saturation', unit: '%', by: source.chroma > 1.5 ? (-chroma / source.chroma) * 100 : 0 },
  })
  const cast = Math.hypot(edited.a - source.a, edited.b - source.b)
  const isChromaGone = Math.abs(chroma) > 0.8 * cast
  if (!isChromaGone) watch('color', cast, 2, { what: `a colour cast of ${cast.toFixed(1)} units`, correction: null })
  const sharpness = source.sharpness > 0.2 ? (edited.sharpness / source.sharpness - 1) * 100 : 0
  watch('sharpness', sharpness, 25, { what: `sharpness ${moved(sharpness)}%`, correction: null })
  return drifts
}

const moved = (by: number) => `${by < 0 ? '-' : '+'}${Math.abs(by).toFixed(1)}`
