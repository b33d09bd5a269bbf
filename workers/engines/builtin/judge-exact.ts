import type { AlignedPair } from './align-pictures.ts'
import { renderCaption } from './caption-overlay.ts'
import type { CaptionClause, Clause, GradedClause, NamedColor } from './clause.ts'
import { blockSide } from './detail.ts'
import { toLab } from './lab.ts'
import type { Measurement } from './measure.ts'
import { blockiness, levelShare } from './measure-effects.ts'
import { toPixels, toSharp } from './raw-picture.ts'

type ExactClause = Exclude<Clause, GradedClause>

/** The verdict on a clause that is either done or not; `problem` is a short sentence where it is not. */
export type ExactJudgement = { clause: ExactClause; score: number; problem: string | null }

const good = (clause: ExactClause): ExactJudgement => ({ clause, score: 10, problem: null })
const bad = (clause: ExactClause, problem: string, score = 1): ExactJudgement => ({ clause, score, problem })

/** Looks whether one clause was done, by size, alignment and colour. */
export async function judgeExact(
  clause: ExactClause,
  pair: AlignedPair,
  measurement: Measurement,
  all: Clause[],
): Promise<ExactJudgement> {
  const { source, edited } = measurement
  switch (clause.kind) {
    case 'mono':
    case 'sepia': {
      const isToned = clause.kind === 'mono' && all.some(each => each.kind === 'sepia' || isToning(each))
      const isSepia = clause.kind === 'sepia'
      // Half a sepia is half the picture's own colours and half the tone: of a blue picture it leaves a bluish one.
      const share = isSepia ? clause.percent / 100 : 1
      const [a, b] = [edited.a - (1 - share) * source.a, edited.b - (1 - share) * source.b]
      const hue = (Math.atan2(b, a) * 180) / Math.PI
      const hasTone = Math.hypot(a, b) > 5 * share && hue > 40 && hue < 100
      if (isSepia && !hasTone) return bad(clause, 'there is no sepia tone')
      // Toned or not, one hue is left: colours lie on a line from black to white.
      const allowed = isToned || isSepia ? 12 * share + (1 - share) * source.colorSpread : 1.5
      const spread = isToned || isSepia ? edited.colorSpread : edited.chroma
      return spread <= allowed ? good(clause) : bad(clause, 'some of the colours are still there', 4)
    }
    case 'invert':
      return measurement.structure > 0.7 ? good(clause) : bad(clause, 'the tones are not inverted')
    case 'gamma': {
      const miss = Math.abs(Math.log(measurement.gamma / clause.value))
      return miss < 0.12 ? good(clause) : bad(clause, `the gamma measures ${measurement.gamma.toFixed(2)}`, 4)
    }
    case 'posterize':
      return levelShare(pair.outer, pair.inner, clause.levels) > 0.85 || pair.actual.width > pair.outer.width
        ? good(clause)
        : bad(clause, 'the tones run smoothly')
    case 'pixelate': {
      const scale = pair.outer.width / pair.actual.width
      const photograph = {
        width: pair.expected.width * pair.inner.width,
        height: pair.expected.height * pair.inner.height,
      }
      return blockiness(pair.edited, blockSide(clause.size, photograph) * scale)
        ? good(clause)
        : bad(clause, 'there are no blocks of one colour')
    }
    case 'blur':
      return edited.sharpness < source.sharpness * 0.985 || clause.px < 0.6
        ? good(clause)
        : bad(clause, 'it is as sharp as before')
    case 'rotate':
    case 'flip':
      return isAligned(pair, measurement)
        ? good(clause)
        : bad(clause, `the picture is not ${clause.kind === 'flip' ? 'flipped' : 'turned'} as asked`)
    case 'crop':
    case 'resize':
      return isAligned(pair, measurement)
        ? good(clause)
        : bad(
            clause,
            `it measures ${pair.actual.width} x ${pair.actual.height} px instead of ${pair.expected.width} x ${pair.expected.height}`,
          )
    case 'border':
      return isSize(pair) && hasBorder(pair, clause.color) ? good(clause) : bad(clause, 'there is no such border')
    case 'caption':
      return (await hasCaption(pair, clause)) ? good(clause) : bad(clause, 'the caption is not there')
    default:
      clause satisfies never
      return bad(clause, '')
  }
}

const isToning = (clause: Clause) => clause.kind === 'graded' && (clause.op === 'warmth' || clause.op === 'tint')

/** True where the edited picture has the asked size, give or take what rounding a free turn costs. */
export function isSize({ expected, actual }: AlignedPair): boolean {
  return Math.abs(expected.width - actual.width) <= 2 && Math.abs(expected.height - actual.height) <= 2
}

const isAligned = (pair: AlignedPair, { structure }: Measurement) => isSize(pair) && structure > 0.6

function hasBorder({ outer, inner }: AlignedPair, color: NamedColor): boolean {
  const { data, width, height, channels } = outer
  const [wanted, found] = [new Float64Array(3), new Float64Array(3)]
  toLab(color.r, color.g, color.b, wanted)
  const x = Math.floor((inner.left * width) / 2)
  const y = Math.floor((inner.top * height) / 2)
  let near = 0
  let count = 0
  const look = (px: number, py: number) => {
    const at = (py * width + px) * channels
    toLab(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0, found)
    count += 1
    if (Math.hypot(...[0, 1, 2].map(i => (found[i] ?? 0) - (wanted[i] ?? 0))) < 12) near += 1
  }
  for (let step = 0; step < width; step += 4) for (const row of [y, height - 1 - y]) look(step, row)
  for (let step = 0; step < height; step += 4) for (const column of [x, width - 1 - x]) look(column, step)
  return near > 0.9 * count
}

/** Renders the caption again: where its letters are, the edited picture must have their colour. */
async function hasCaption(pair: AlignedPair, clause: CaptionClause): Promise<boolean> {
  const { width, height } = pair.edited
  const photograph = { width: pair.expected.width * pair.inner.width, height: pair.expected.height * pair.inner.height }
  const overlay = await renderCaption(clause, Math.round(photograph.width), Math.round(photograph.height))
  const canvas = {
    width: Math.round(photograph.width),
    height: Math.round(photograph.height),
    channels: 4 as const,
    background: { r: 0, g: 0, b: 0, alpha: 0 },
  }
  const letters = await toPixels(
    toSharp({ ...(await toPixels(toSharp(overlay.text).extend(placed(overlay, canvas)))) }).resize({
      width,
      height,
      fit: 'fill',
    }),
  )
  const [wanted, found] = [new Float64Array(3), new Float64Array(3)]
  toLab(clause.color.r, clause.color.g, clause.color.b, wanted)
  let [near, count] = [0, 0]
  for (let at = 0; at < width * height; at += 1) {
    if ((letters.data[at * 4 + 3] ?? 0) < 200) continue
    const place = at * pair.edited.channels
    const { data } = pair.edited
    toLab(data[place] ?? 0, data[place + 1] ?? 0, data[place + 2] ?? 0, found)
    count += 1
    if (Math.hypot(...[0, 1, 2].map(i => (found[i] ?? 0) - (wanted[i] ?? 0))) < 35) near += 1
  }
  return count === 0 || near > 0.7 * count
}

function placed(
  { text, left, top }: { text: { width: number; height: number }; left: number; top: number },
  canvas: { width: number; height: number },
) {
  return {
    left,
    top,
    right: Math.max(0, canvas.width - left - text.width),
    bottom: Math.max(0, canvas.height - top - text.height),
    background: { r: 0, g: 0, b: 0, alpha: 0 },
  }
}
