import { z } from 'zod'
import type { FoundPicture, FoundTrajectory } from '../../imports/found-trajectory.ts'
import type { ApiClient } from '../api-client.ts'
import { uploadPictures } from '../upload-pictures.ts'

/** A trajectory that was found whole. */
export type WholeTrajectory = Extract<FoundTrajectory, { record: unknown }>

/** What is put upon every trajectory. */
export type ImportLabels = { batch: string | undefined; tags: string[] | undefined }

/** What became of one; `problem`: it was not imported. */
export type SentTrajectory = { place: string } & ({ isNew: boolean } | { problem: string })

const document = `mutation Import($input: ImportTrajectoriesInput!) {
  importTrajectories(input: $input) {
    __typename
    ... on ImportTrajectoriesSuccess {
      trajectories {
        __typename
        ... on ImportTrajectorySuccess { isNew }
        ... on Error { code message }
        ... on NotFoundError { field }
      }
    }
    ... on Error { code message }
  }
}`
const Success = z.object({
  trajectories: z.array(
    z.union([z.object({ isNew: z.boolean() }), z.object({ message: z.string(), field: z.string().optional() })]),
  ),
})

/** Uploads what is missing of their pictures and imports them, in this order; those whose pictures cannot be had are left out. */
export async function sendTrajectories(
  api: ApiClient,
  found: readonly WholeTrajectory[],
  { batch, tags }: ImportLabels,
): Promise<SentTrajectory[]> {
  const problems = await uploadPictures(
    api,
    found.flatMap(({ pictures }) => pictures),
  )
  const faultOf = ({ pictures }: WholeTrajectory) => toProblem(pictures, problems)
  const whole = found.filter(trajectory => faultOf(trajectory) === null)
  const items = whole.map(({ record }) => ({ record, batch, tags }))
  const { trajectories } =
    items.length === 0 ? { trajectories: [] } : await api.mutate(document, { input: { trajectories: items } }, Success)
  const outcomes = new Map(whole.map((trajectory, i) => [trajectory, trajectories[i]]))
  return found.map((trajectory): SentTrajectory => {
    const { place } = trajectory
    const outcome = outcomes.get(trajectory)
    if (outcome === undefined)
      return { place, problem: faultOf(trajectory) ?? 'The server did not say what became of it.' }
    if ('isNew' in outcome) return { place, isNew: outcome.isNew }
    // Where it stood in this call says nothing to the reader of the file.
    const text = outcome.field === undefined ? outcome.message : `${outcome.field}: ${outcome.message}`
    return { place, problem: text.replaceAll(/\btrajectories\.\d+\.(record\.)?/g, '') }
  })
}

function toProblem(pictures: readonly FoundPicture[], problems: ReadonlyMap<FoundPicture, string>): string | null {
  const bad = pictures.find(picture => problems.has(picture))
  return bad === undefined ? null : `${bad.field}: ${problems.get(bad)}`
}
