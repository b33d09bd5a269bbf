import type { CaptionClause, Clause, CropClause, GradedClause, Length, ResizeClause } from './clause.ts'

/** Clauses as a prompt with explicit amounts, in the language `parseInstruction` reads: "brightness +12.5 points, flip horizontally". */
export function formatClauses(clauses: Clause[]): string {
  return clauses.map(formatClause).join(', ')
}

/** One clause in canonical words. */
export function formatClause(clause: Clause): string {
  switch (clause.kind) {
    case 'graded':
      return formatGraded(clause)
    case 'mono':
      return 'black and white'
    case 'sepia':
      return `sepia ${round(clause.percent)}%`
    case 'invert':
      return 'invert'
    case 'gamma':
      return `gamma ${round(clause.value)}`
    case 'posterize':
      return `posterize to ${clause.levels} levels`
    case 'pixelate':
      return `pixelate ${formatLength(clause.size)}`
    case 'blur':
      return `blur ${round(clause.px)} px`
    case 'rotate':
      return `${clause.isLevelling ? 'straighten' : 'rotate'} ${round(Math.abs(clause.degrees))} degrees ${clause.degrees < 0 ? 'counterclockwise' : 'clockwise'}`
    case 'flip':
      return `flip ${clause.axis}ly`
    case 'crop':
      return formatCrop(clause)
    case 'resize':
      return formatResize(clause)
    case 'border':
      return `border ${formatLength(clause.width)} ${clause.color.name}`
    case 'caption':
      return formatCaption(clause)
    default:
      clause satisfies never
      return ''
  }
}

function formatGraded({ op, amount, unit, color }: GradedClause): string {
  const sign = amount < 0 ? '-' : '+'
  const number = `${sign}${round(Math.abs(amount))}`
  const name = op === 'tint' && color ? `tint towards ${color.name}` : op
  return `${name} ${number}${unit === '%' ? '%' : ` ${unit}`}`
}

function formatCrop(clause: CropClause): string {
  switch (clause.to) {
    case 'ratio':
      return `crop to ${round(clause.width)}:${round(clause.height)}`
    case 'size':
      return `crop to ${round(clause.width)}x${round(clause.height)} px`
    case 'part':
      return `crop to ${round(clause.percent)}%`
    case 'edge':
      return `crop ${formatLength(clause.length)} off the ${clause.side}`
    default:
      clause satisfies never
      return ''
  }
}

function formatResize(clause: ResizeClause): string {
  if (clause.to === 'size') return `resize to ${clause.width}x${clause.height} px`
  if (clause.to === 'scale') return `resize to ${round(clause.percent)}%`
  const side = { width: 'wide', height: 'high', longest: 'on the longest side' }[clause.to]
  return `resize to ${clause.px} px ${side}`
}

function formatCaption({ text, position, color, size }: CaptionClause): string {
  const [open, close] = text.includes('"') ? ['“', '”'] : ['"', '"']
  const words = text.includes('"') ? text.replaceAll('”', '"') : text
  const place = position.x === 'center' && position.y === 'middle' ? 'middle' : `${position.y} ${position.x}`
  const scale = size === 1 ? '' : ` at ${round(size * 100)}%`
  return `caption ${open}${words}${close} at the ${place} in ${color.name}${scale}`
}

const formatLength = ({ value, unit }: Length) => (unit === '%' ? `${round(value)}%` : `${round(value)} px`)

/** Four significant digits: enough for the critic's steps, short enough to read. */
const round = (value: number): string => String(Number(value.toPrecision(4)))
