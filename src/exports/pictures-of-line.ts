import { z } from 'zod'
import type { PlacedPicture } from './place-pictures.ts'

const Picture = z.object({ path: z.string(), sha256: z.string() }).nullable()
const Line = z.object({
  source: Picture,
  mask: Picture,
  references: z.array(Picture),
  rounds: z.array(z.object({ base: Picture, picture: Picture })),
})

/** The pictures that a line of `pentimento-trajectories` names. */
export function picturesOfLine(json: string): PlacedPicture[] {
  const { source, mask, references, rounds } = Line.parse(JSON.parse(json))
  const all = [source, mask, ...references, ...rounds.flatMap(({ base, picture }) => [base, picture])]
  return all.filter(picture => picture !== null)
}
