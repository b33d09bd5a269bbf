// Who may talk to a server that asks for no key: programs, and pages of its own or of a listed origin. A page elsewhere
// must not reach it through a visitor's browser, neither directly nor by a name of its own that resolves to us.

import type { IncomingMessage } from 'node:http'
import { type Config, isLoopbackHost } from '../../src/config.ts'

export type OriginRules = {
  /** Null: the request may go on; else why not. */
  findFault(req: IncomingMessage): string | null
  /** The request's origin where it is listed in CORS_ORIGINS, so that its pages may read the answer. */
  listedOrigin(req: IncomingMessage): string | null
}

/** Rules for this configuration. With AUTH=keys a key is what opens, so origin and host are not looked at. */
export function makeOriginRules(config: Pick<Config, 'auth' | 'corsOrigins' | 'publicUrl'>): OriginRules {
  const publicUrl = config.publicUrl === null ? null : new URL(config.publicUrl)
  const listed = new Set(config.corsOrigins)

  const findFault = (req: IncomingMessage): string | null => {
    const host = parseHost(req.headers.host)
    if (config.auth !== 'off') return host || req.headers.host === undefined ? null : 'The Host is no host name.'
    if (!host || !(isLoopbackHost(host.hostname) || host.hostname === publicUrl?.hostname)) {
      return `The Host "${req.headers.host ?? ''}" is not this server's; set PUBLIC_URL to the name it is reached by.`
    }
    const { origin } = req.headers
    if (origin !== undefined) {
      if (origin === host.origin || origin === publicUrl?.origin || listed.has(origin)) return null
      return `Pages of the origin "${origin}" may not use this server; add it to CORS_ORIGINS.`
    }
    if (req.headers['sec-fetch-site'] === 'cross-site') return 'Pages of another site may not use this server.'
    return null
  }

  const listedOrigin = ({ headers: { origin } }: IncomingMessage): string | null =>
    origin !== undefined && listed.has(origin) ? origin : null

  return { findFault, listedOrigin }
}

function parseHost(host: string | undefined): URL | null {
  if (!host || /[/@?#\\\s]/.test(host) || !URL.canParse(`http://${host}`)) return null
  return new URL(`http://${host}`)
}
