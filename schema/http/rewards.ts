// POST /rewards: the mutation scoreRollouts for trainers, which speak JSON and no GraphQL.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Deps } from '../../src/deps.ts'
import { DomainError, InvalidInputError, QuotaExceededError } from '../../src/errors.ts'
import { type ScoredRollout, scoreRollouts } from '../../src/rewards/score-rollouts.ts'
import { type Caller, hasRole } from '../../src/tenancy/caller.ts'
import { encodeGlobalId } from '../global-id.ts'
import { parseInput } from '../parse-input.ts'
import { rolloutBatchRule } from '../rewards/rollout-batch.ts'
import { type Refusal, refuse } from './refuse.ts'

/** Where batches of answers are posted. */
export const REWARDS_PATH = '/rewards'

/** 1,024 long answers, and some room. */
const MAX_BODY_BYTES = 32_000_000

/** Answers one request of a caller. */
export type RewardsHandler = (req: IncomingMessage, res: ServerResponse, caller: Caller) => Promise<void>

/** Answers `{ results, edits, seconds }`, and a refusal in the form of a GraphQL response. Needs a key of role WRITE. */
export function makeRewardsHandler(deps: Pick<Deps, 'db' | 'log'>): RewardsHandler {
  return async (req, res, caller) => {
    const fault = findFault(req, caller)
    if (fault) return refuse(req, res, fault)
    const body = await readBody(req)
    if (body === null) return refuse(req, res, tooLarge)
    try {
      const batch = parseInput(rolloutBatchRule, toJson(body))
      const { results, ...scored } = await scoreRollouts(deps, caller, batch)
      const text = JSON.stringify({ results: results.map(toPlain), ...scored })
      if (res.destroyed) return
      res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }).end(text)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      const { code, message } = error
      refuse(req, res, { status: error instanceof QuotaExceededError ? 429 : 400, code, message })
    }
  }
}

function findFault(req: IncomingMessage, caller: Caller): Refusal | null {
  if (req.method !== 'POST') {
    const message = `${REWARDS_PATH} takes POST alone.`
    return { status: 405, code: 'METHOD_NOT_ALLOWED', message, headers: { allow: 'POST' } }
  }
  if (!hasRole(caller, 'WRITE')) {
    return { status: 403, code: 'FORBIDDEN', message: 'Rewards need a key of role WRITE.' }
  }
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? '')) {
    return { status: 415, code: 'BAD_REQUEST', message: 'The body must be of the type application/json.' }
  }
  return Number(req.headers['content-length'] ?? 0) > MAX_BODY_BYTES ? tooLarge : null
}

const tooLarge: Refusal = {
  ...{ status: 413, code: 'REQUEST_TOO_LARGE' },
  message: `The body may have at most ${MAX_BODY_BYTES} bytes; send the answers in several batches.`,
}

/** Null: over the limit. */
async function readBody(req: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new InvalidInputError('input', 'The body is no JSON.', { cause: error })
  }
}

function toPlain({ answer, after, fallback, jobId, ...rewards }: ScoredRollout) {
  return {
    ...rewards,
    fallback: fallback?.reason ?? null,
    message: fallback?.message ?? null,
    prompt: answer.prompt,
    newScores: after && { semantics: after.semantic, quality: after.quality },
    jobId: jobId && encodeGlobalId('Job', jobId),
  }
}
