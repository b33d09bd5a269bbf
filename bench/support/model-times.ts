import { deriveSeed, maxSeed } from '../../src/loop/seed.ts'

/** How long a round's edit takes its server, in seconds: lognormal, the same for the same job and round in every run. */
export function editSeconds(at: { job: number; round: number }, { mean, cv }: { mean: number; cv: number }): number {
  const uniform = (place: number) => (deriveSeed(at.job + 1, at.round, 0, place) + 1) / (maxSeed + 2)
  const normal = Math.sqrt(-2 * Math.log(uniform(1))) * Math.cos(2 * Math.PI * uniform(2))
  const variance = Math.log(1 + cv ** 2)
  return mean * Math.exp(normal * Math.sqrt(variance) - variance / 2)
}

/** The prompt by which a server knows which job and round it works on. */
export function toPrompt(job: number, round: number): string {
  return `Make it bluer (job ${job} round ${round})`
}

/** The latest round that a request's body names; null: none. */
export function findPlace(body: Buffer): { job: number; round: number } | null {
  let found: { job: number; round: number } | null = null
  for (let at = body.indexOf('(job '); at >= 0; at = body.indexOf('(job ', at + 5)) {
    const [, job, round] = /^\(job (\d+) round (\d+)\)/.exec(body.toString('latin1', at, at + 40)) ?? []
    if (round !== undefined && Number(round) > (found?.round ?? 0)) found = { job: Number(job), round: Number(round) }
  }
  return found
}
