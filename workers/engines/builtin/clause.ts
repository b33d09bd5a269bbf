// One change asked of a picture. Both languages, a person's and the critic's, parse to clauses; an amount is what is asked
// to be *measured* when it comes from the instruction and what is *applied* when it comes from a prompt.

/** Changes with an amount the critic can measure and correct; see graded-ops.ts for what each amount means. */
export type GradedOp =
  | 'brightness'
  | 'contrast'
  | 'saturation'
  | 'warmth'
  | 'tint'
  | 'hue'
  | 'highlights'
  | 'shadows'
  | 'exposure'
  | 'sharpness'
  | 'noise'
  | 'grain'
  | 'vignette'

export type Unit = '%' | 'points' | 'stops' | 'degrees'
type Rgb = { r: number; g: number; b: number }
export type NamedColor = Rgb & { name: string }
export type GradedClause = { kind: 'graded'; op: GradedOp; amount: number; unit: Unit; color?: NamedColor }

/** A percentage is of the picture: of its longer side for blocks, of its shorter one for borders, of the side that is cut. */
export type Length = { value: number; unit: '%' | 'px' }

type LookClause =
  | { kind: 'mono' }
  | { kind: 'sepia'; percent: number }
  | { kind: 'invert' }
  | { kind: 'gamma'; value: number }
  | { kind: 'posterize'; levels: number }
  | { kind: 'pixelate'; size: Length }
  | { kind: 'blur'; px: number }

export type Side = 'left' | 'right' | 'top' | 'bottom'
export type CropClause =
  | { kind: 'crop'; to: 'ratio'; width: number; height: number }
  | { kind: 'crop'; to: 'size'; width: number; height: number }
  | { kind: 'crop'; to: 'part'; percent: number }
  | { kind: 'crop'; to: 'edge'; side: Side; length: Length }
export type ResizeClause =
  | { kind: 'resize'; to: 'width' | 'height' | 'longest'; px: number }
  | { kind: 'resize'; to: 'size'; width: number; height: number }
  | { kind: 'resize'; to: 'scale'; percent: number }

/** `isLevelling` crops the corners away (a small straightening); otherwise the canvas grows and the corners are white. */
export type RotateClause = { kind: 'rotate'; degrees: number; isLevelling: boolean }
export type FlipClause = { kind: 'flip'; axis: 'horizontal' | 'vertical' }
export type BorderClause = { kind: 'border'; width: Length; color: NamedColor }
export type Position = { x: 'left' | 'center' | 'right'; y: 'top' | 'middle' | 'bottom' }
export type CaptionClause = { kind: 'caption'; text: string; position: Position; color: NamedColor; size: number }

export type GeometryClause = RotateClause | FlipClause | CropClause | ResizeClause | BorderClause
export type Clause = GradedClause | LookClause | GeometryClause | CaptionClause

/** What must not change; an empty list is a wish such as "keep it natural" that names nothing measurable. */
export type Kept = 'brightness' | 'contrast' | 'color' | 'sharpness' | 'size'

/** Words that name no change this editor can make, with the reason in words fit for users. */
export type Unknown = { text: string; reason: string }

/** An instruction read clause by clause. Nothing in the text is dropped but filler words. */
export type Instruction = { clauses: Clause[]; kept: Kept[]; unknown: Unknown[] }

/** Two clauses that ask for a change of the same thing, where the later one counts. */
export const isSameThing = (one: Clause, other: Clause): boolean =>
  one.kind === 'graded' && other.kind === 'graded'
    ? one.op === other.op && one.color?.name === other.color?.name
    : one.kind === other.kind
