import { v7 } from 'uuid'
import type { Db } from '../db.ts'
import { ForbiddenError, InvalidInputError } from '../errors.ts'
import { sql } from '../sql.ts'
import { type Caller, hasRole } from './caller.ts'
import { parseQuotas } from './quotas.ts'

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/**
 * Creates the tenant or changes it, and returns its name. `weight` is its share of the fleet beside the others';
 * `quotas` undefined: left as they are. Throws ForbiddenError or InvalidInputError.
 */
export async function setTenant(
  db: Db,
  caller: Caller,
  tenant: { name: string; weight: number; quotas?: unknown },
): Promise<string> {
  if (!hasRole(caller, 'OPERATOR')) throw new ForbiddenError('Only an OPERATOR key can change tenants.')
  const { name, weight } = tenant
  if (!NAME.test(name)) {
    const rule = 'must be 1 to 63 lower-case letters, digits, dots, hyphens and underscores, a letter or digit first'
    throw new InvalidInputError('name', `The tenant's name ${rule}.`)
  }
  if (!(weight >= 0.001 && weight <= 1000)) {
    throw new InvalidInputError('weight', `The weight must be from 0.001 to 1000; it is ${weight}.`)
  }
  const quotas = tenant.quotas === undefined ? null : JSON.stringify(parseQuotas(tenant.quotas))
  await db.query(sql`
    insert into tenant (id, name, weight, quotas)
    values (${v7()}::uuid, ${name}, ${weight}::float8, coalesce(${quotas}::jsonb, '{}'))
    on conflict (name) do update set weight = excluded.weight, quotas = coalesce(${quotas}::jsonb, tenant.quotas)`)
  return name
}
