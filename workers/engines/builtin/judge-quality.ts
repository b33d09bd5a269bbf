import type { Clause } from './clause.ts'
import type { Measurement } from './measure.ts'

/** How well the picture was treated: 10 means nothing was lost; `faults` in words fit for users. */
export type QualityJudgement = { score: number; faults: string[] }

/** Counts what an edit destroys and nobody asked to be destroyed: blown lights, drowned shadows, bands, noise, detail. */
export function judgeQuality(clauses: Clause[], measurement: Measurement): QualityJudgement {
  const { source, edited, blown, crushed, saturatedOut, structure } = measurement
  const asks = (...kinds: string[]) =>
    clauses.some(each => kinds.includes(each.kind === 'graded' ? each.op : each.kind))
  const faults: string[] = []
  let score = 10
  const fault = (amount: number, from: number, perUnit: number, text: string) => {
    if (amount <= from) return
    score -= Math.min(5, (amount - from) * perUnit)
    if ((amount - from) * perUnit > 0.4) faults.push(text)
  }
  if (!asks('invert', 'posterize')) {
    fault(blown * 100, 0.5, 0.45, `${percent(blown)} of the picture is burnt out`)
    fault(crushed * 100, 0.5, 0.45, `${percent(crushed)} of the picture is drowned in black`)
    if (!asks('mono', 'sepia'))
      fault(saturatedOut * 100, 20, 0.05, `${percent(saturatedOut)} of the colours are at their limit`)
  }
  if (!asks('posterize', 'pixelate', 'invert', 'contrast')) {
    const kept = source.levels > 20 ? edited.levels / source.levels : 1
    fault(1 - kept, 0.45, 8, 'fine gradations are lost')
  }
  if (!asks('grain', 'noise', 'sharpness', 'posterize', 'pixelate') && edited.noise > 1.2) {
    fault(edited.noise / Math.max(source.noise, 0.4), 2.4, 1, 'noise comes out')
  }
  if (asks('sharpness')) fault(edited.noise / Math.max(source.noise, 0.6), 3.2, 0.8, 'sharpening brings out noise')
  if (!asks('blur', 'pixelate', 'posterize', 'caption'))
    fault(1 - structure, 0.3, 10, 'the structure of the picture is disturbed')
  return { score: Math.max(0, score), faults }
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`
