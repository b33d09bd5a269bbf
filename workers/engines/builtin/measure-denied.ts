import type { GradedClause } from './clause.ts'
import { isShowable } from './lab.ts'
import { hueDirection } from './look.ts'
import type { PixelSets, Plane } from './measure-planes.ts'

/** A wish for colour: every pixel `amount` CIELAB units towards (`a`, `b`), or `amount` per cent of its own chroma outwards. */
export type Wish = { op: 'warmth' | 'tint' | 'saturation'; a: number; b: number; amount: number }

/** What a screen denies, by wish, in the wish's unit and never negative: how much of the mean cannot be had at this lightness. */
export type Denied = Partial<Record<Wish['op'], number>>

/** The clause as a wish; null for what does not push colours outwards, where no edge is in the way. */
export function toWish({ op, amount, color }: GradedClause): Wish | null {
  if (op === 'saturation') return amount > 0 ? { op, a: 0, b: 0, amount } : null
  if (op === 'warmth') return { op, a: 0, b: Math.sign(amount), amount: Math.abs(amount) }
  const direction = op === 'tint' && color ? hueDirection(color) : null
  const sign = Math.sign(amount)
  return op === 'tint' && direction
    ? { op, a: direction.a * sign, b: direction.b * sign, amount: Math.abs(amount) }
    : null
}

// An edited pixel stands at the edge where this much farther, in CIELAB units, could no longer be shown.
const nextStep = 2

/** Adds up, over the edited pixels that stand at the edge of what a screen can show, what each lacks of the wish. */
export function measureDenied(before: Plane, after: Plane, { tonal }: PixelSets, wishes: Wish[]): Denied {
  const denied: Denied = {}
  for (const { op, a, b, amount } of wishes) {
    let [lacking, chroma, count] = [0, 0, 0]
    for (let at = 0; at < tonal.length; at += 1) {
      if (!tonal[at]) continue
      const [a0, b0] = [before.a[at] ?? 0, before.b[at] ?? 0]
      const [a1, b1] = [after.a[at] ?? 0, after.b[at] ?? 0]
      const own = Math.hypot(a0, b0)
      const now = Math.hypot(a1, b1)
      count += 1
      chroma += own
      const isOutwards = op === 'saturation'
      const lack = isOutwards ? own * (1 + amount / 100) - now : amount - (a1 - a0) * a - (b1 - b0) * b
      if (lack <= 0 || (isOutwards && now < 1)) continue
      const [towardsA, towardsB] = isOutwards ? [a1 / now, b1 / now] : [a, b]
      if (!isShowable(after.lightness[at] ?? 0, a1 + towardsA * nextStep, b1 + towardsB * nextStep)) lacking += lack
    }
    const whole = op === 'saturation' ? chroma / 100 : count
    denied[op] = whole > 0 ? lacking / whole : 0
  }
  return denied
}
