/** Whether a score can be meant: a number from 0 to 10. */
export function isScore(value: number): boolean {
  return value >= 0 && value <= 10
}

/** The overall score, sqrt(semantic x quality), 0-10 (as in GEdit-Bench); null unless both scores exist and can be meant. */
export function overallScore(semantic: number | null, quality: number | null): number | null {
  if (semantic === null || quality === null || !isScore(semantic) || !isScore(quality)) return null
  return Math.sqrt(semantic * quality)
}
