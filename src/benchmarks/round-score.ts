/**
 * Rounded as Python's round() does it, which the published scripts use: by the exact binary value, and of two numbers just as
 * near the one whose last digit is even. toFixed differs at such ties alone, which are odd multiples of 2^-(digits + 1).
 */
export function roundScore(value: number, digits: number): number {
  const halves = value * 2 ** (digits + 1)
  const isTie = Number.isInteger(halves) && halves % 2 !== 0
  if (!isTie) return Number(value.toFixed(digits))
  const below = Math.floor(value * 10 ** digits)
  return (below % 2 === 0 ? below : below + 1) / 10 ** digits
}
