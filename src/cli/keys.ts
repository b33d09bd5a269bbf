import chalk from 'chalk'
import { Command, Option } from 'commander'
import { z } from 'zod'
import { toAge } from './jobs/describe-job.ts'
import { openSession, parseMoment, printJson } from './session.ts'

const ApiKey = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  tenant: z.string(),
  role: z.string(),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
})
type ApiKey = z.infer<typeof ApiKey>

const fields = `fragment KeyFields on ApiKey {
  id name prefix tenant role createdAt expiresAt revokedAt lastUsedAt
}`
const createDocument = `mutation CreateKey($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    __typename ... on CreateApiKeySuccess { secret apiKey { ...KeyFields } } ... on Error { code message }
  }
}
${fields}`
const listDocument = `query Keys($tenant: String) { apiKeys(tenant: $tenant) { ...KeyFields } } ${fields}`
const revokeDocument = `mutation RevokeKey($id: ID!) {
  revokeApiKey(id: $id) {
    __typename ... on RevokeApiKeySuccess { apiKey { ...KeyFields } } ... on Error { code message }
  }
}
${fields}`

/** `pentimento keys create|list|revoke`. */
export function keysCommand(): Command {
  const keys = new Command('keys').description('make, list and revoke API keys; needs a key of role ADMIN')
  const tenant = () => new Option('--tenant <name>', 'another tenant, for OPERATORs')

  keys
    .command('create')
    .description('make a key; its secret is shown once')
    .argument('<name>', 'what to call it')
    .addOption(
      new Option('--role <role>', 'what it may do').choices(['READ', 'WRITE', 'ADMIN', 'OPERATOR']).default('WRITE'),
    )
    .addOption(tenant())
    .option('--expires <moment>', 'when it ends', parseMoment)
    .action(async (name: string, options: { role: string; tenant?: string; expires?: string }, command: Command) => {
      const { api, isJson } = openSession(command)
      const input = { name, role: options.role, tenant: options.tenant, expiresAt: options.expires }
      const Success = z.object({ secret: z.string(), apiKey: ApiKey })
      const { secret, apiKey } = await api.mutate(createDocument, { input }, Success)
      if (isJson) return printJson({ __typename: 'ApiKey', ...apiKey, secret })
      console.log(secret)
      console.error(
        chalk.dim(`Keep it: it is shown only this once. Revoke it with "pentimento keys revoke ${apiKey.id}".`),
      )
    })

  keys
    .command('list')
    .description('list keys, newest first, revoked ones too')
    .addOption(tenant())
    .action(async (options: { tenant?: string }, command: Command) => {
      const { api, isJson } = openSession(command)
      const { apiKeys } = await api.run(listDocument, options, z.object({ apiKeys: z.array(ApiKey) }))
      for (const key of apiKeys) {
        if (isJson) printJson({ __typename: 'ApiKey', ...key })
        else console.log(describeKey(key))
      }
      if (!isJson && apiKeys.length === 0) console.log('There are no keys.')
    })

  keys
    .command('revoke')
    .description('end a key at once and for good')
    .argument('<key>', 'the id of the key, as the list shows it')
    .action(async (id: string, _options: unknown, command: Command) => {
      const { api, isJson } = openSession(command)
      const { apiKey } = await api.mutate(revokeDocument, { id }, z.object({ apiKey: ApiKey }))
      if (isJson) printJson({ __typename: 'ApiKey', ...apiKey })
      else console.log(`The key "${apiKey.name}" opens nothing any more.`)
    })
  return keys
}

function describeKey(key: ApiKey): string {
  const used = key.lastUsedAt ? `used ${toAge(key.lastUsedAt)}` : 'never used'
  const facts = [`${key.prefix}…`, `tenant ${key.tenant}`, `made ${toAge(key.createdAt)}`, used]
  return `${key.id}  ${key.role.padEnd(8)} ${chalk.bold(key.name)}${describeLife(key)}\n  ${chalk.dim(facts.join(', '))}`
}

function describeLife({ revokedAt, expiresAt }: ApiKey): string {
  if (revokedAt) return chalk.red(' (revoked)')
  if (!expiresAt) return ''
  return Date.parse(expiresAt) <= Date.now() ? chalk.red(' (expired)') : chalk.dim(` (until ${expiresAt})`)
}
