import { z } from 'zod'
import { InvalidInputError } from '../../src/errors.ts'
import { setTenant } from '../../src/tenancy/set-tenant.ts'
import { builder } from '../builder.ts'
import { successType } from '../jobs/job-result.ts'
import { jsonOf, numberFrom, parseInput, textOf } from '../parse-input.ts'

const SetTenantInput = builder.inputType('SetTenantInput', {
  description: 'A tenant to create or change.',
  fields: t => ({
    name: t.string({
      required: true,
      description: '1 to 63 lower-case letters, digits, dots, hyphens and underscores; a letter or digit first.',
    }),
    weight: t.float({
      defaultValue: 1,
      description: "Its share of the fleet beside the others', 0.001 to 1000.",
    }),
    quotas: t.field({
      type: 'JSON',
      description:
        'An object of `maxUnfinishedJobs`, `maxJobsPerDay` (UTC) and `maxStoredBytes`; one left out or null has no limit. Null: left as they are, none for a new tenant.',
    }),
  }),
})

const tenantRule = z.object({
  name: textOf(1, 63),
  weight: numberFrom(0.001, 1000)
    .nullish()
    .transform(weight => weight ?? 1),
  quotas: jsonOf(16_384).optional(),
})

const SetTenantSuccess = builder.objectRef<{ tenant: string }>('SetTenantSuccess').implement({
  description: 'The tenant is as asked.',
  fields: t => ({ tenant: t.exposeString('tenant', { description: 'Its name.' }) }),
})

const SetTenantResult = builder.errorUnion('SetTenantResult', {
  description: 'What became of the tenant.',
  types: [SetTenantSuccess, InvalidInputError],
  resolveType: successType('SetTenantSuccess'),
})

builder.mutationField('setTenant', t =>
  t.field({
    type: SetTenantResult,
    description: 'Creates or changes a tenant. Needs OPERATOR.',
    authScopes: { role: 'OPERATOR' },
    args: { input: t.arg({ type: SetTenantInput, required: true, description: 'The tenant.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const { name, weight, quotas } = parseInput(tenantRule, input)
      const tenant = { name, weight, ...(quotas !== null && quotas !== undefined && { quotas }) }
      return { tenant: await setTenant(deps.db, caller, tenant) }
    },
  }),
)
