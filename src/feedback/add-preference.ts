import { v7 } from 'uuid'
import type { Db, Tx } from '../db.ts'
import { InvalidInputError, NotFoundError } from '../errors.ts'
import type { PreferenceKind } from '../generated/prisma/enums.ts'
import { sql } from '../sql.ts'

/** What a person prefers. PICK: the best of its job's rounds; PAIR: the better of two, or a tie. Checked at the edge. */
export type NewPreference = {
  kind: PreferenceKind
  chosenRoundId: string
  /** PAIR only. */
  rejectedRoundId: string | null
  /** Neither of the two is better. */
  isTie: boolean
  reasoning: string | null
}

/**
 * Appends a preference and returns its id. It changes no job, so it takes no job's lock and stands in no log. Throws
 * NotFoundError for a foreign round, InvalidInputError for one without a picture and for two that were not asked the same.
 */
export async function addPreference(
  db: Db,
  author: { tenantId: string; by: string },
  preference: NewPreference,
): Promise<string> {
  return await db.transaction(tx => insertPreference(tx, author, preference))
}

/** The same inside the caller's transaction. */
export async function insertPreference(
  tx: Tx,
  { tenantId, by }: { tenantId: string; by: string },
  { kind, chosenRoundId, rejectedRoundId, isTie, reasoning }: NewPreference,
): Promise<string> {
  const rounds = await readRounds(tx, tenantId, [chosenRoundId, rejectedRoundId])
  const chosen = check(rounds, 'chosenRoundId', chosenRoundId)
  const rejected = rejectedRoundId === null ? null : check(rounds, 'rejectedRoundId', rejectedRoundId)
  if (rejected !== null && rejected.asked !== chosen.asked) {
    throw new InvalidInputError(
      'rejectedRoundId',
      'rejectedRoundId must be of a job of the same kind with the same instruction, source, mask and references.',
    )
  }
  const id = v7()
  await tx.query(sql`
    insert into preference (id, tenant_id, kind, chosen_round_id, rejected_round_id, is_tie, by, reasoning)
    values (${id}::uuid, ${tenantId}::uuid, ${kind}::preference_kind, ${chosenRoundId}::uuid, ${rejectedRoundId}::uuid,
      ${isTie}::boolean, ${by}, ${reasoning})`)
  return id
}

type ComparedRound = { id: string; hasPicture: boolean; asked: string }

/** The rounds that are the tenant's, held so that their jobs are not deleted meanwhile. `asked`: the same, the same task. */
async function readRounds(tx: Tx, tenantId: string, ids: readonly (string | null)[]): Promise<ComparedRound[]> {
  const { rows } = await tx.query<ComparedRound>(sql`
    select r.id, r.image_id is not null as "hasPicture",
      jsonb_build_array(job.kind, job.instruction, job.source_id, job.mask_id, array(
        select image_id from job_reference where job_id = job.id order by position))::text as asked
    from round r join job on job.id = r.job_id
    where r.id = any(${ids.filter(id => id !== null)}::uuid[]) and job.tenant_id = ${tenantId}::uuid
    order by r.id
    for key share of r`)
  return rows
}

function check(rounds: readonly ComparedRound[], field: string, id: string): ComparedRound {
  const round = rounds.find(found => found.id === id)
  if (round === undefined) throw new NotFoundError(field, 'round')
  if (!round.hasPicture) throw new InvalidInputError(field, `${field} must be a round that has its picture.`)
  return round
}
