/** What a key may do, each including those before it: read, write, govern its tenant, run the fleet and all tenants. */
export type Role = 'READ' | 'WRITE' | 'ADMIN' | 'OPERATOR'

/** Who asks. Everything a caller sees or changes is of `tenantId`; the role decides the kind. */
export type Caller = {
  tenantId: string
  /** The tenant's name. */
  tenant: string
  role: Role
  /** Null with AUTH=off. */
  keyId: string | null
  keyName: string
  expiresAt: Date | null
}

/** Every role, the least first. */
export const ROLES: readonly Role[] = ['READ', 'WRITE', 'ADMIN', 'OPERATOR']

/** The tenant that is always there: home of the first OPERATOR key and of AUTH=off. */
export const DEFAULT_TENANT = 'default'

/** Whether the caller's role is `role` or one above it. */
export function hasRole(caller: Pick<Caller, 'role'>, role: Role): boolean {
  return ROLES.indexOf(caller.role) >= ROLES.indexOf(role)
}
