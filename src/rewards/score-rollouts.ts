import type { Logger } from 'pino'
import type { Db } from '../db.ts'
import { DomainError } from '../errors.ts'
import { checkParameters } from '../fleet/check-parameters.ts'
import { resolveModel } from '../fleet/resolve-model.ts'
import { storableText } from '../jobs/storable-text.ts'
import { isScore } from '../loop/score.ts'
import { atMost } from './at-most.ts'
import { findOriginImages, type ImageReference } from './find-origin-images.ts'
import { cancelUnused, followRewardJobs, type RewardJobEnd } from './follow-reward-jobs.ts'
import { type PairOfScores, type ReadAnswer, readAnswer } from './read-answer.ts'
import { type PaperWeights, type RewardFormula, type Rewards, toOverall, toRewards, toTotal } from './reward.ts'
import { type RewardEdit, startRewardJobs, toRewardKey } from './start-reward-jobs.ts'

/** One answer of a thinker in training. `evaluation`: the scores of the picture it looked at; null: unknown. */
export type Rollout = {
  response: string
  originPrompt: string
  /** null: a name that can be none. */
  originImage: ImageReference | null
  evaluation: PairOfScores | null
}

/** A batch of answers and how they are rewarded. `skipAtLeast`: no edit where the overall score is that high already. */
export type RolloutBatch = {
  rollouts: readonly Rollout[]
  editor: string | null
  judge: string | null
  seed: number
  editorParameters: unknown
  deadlineSeconds: number
  formula: RewardFormula
  weights: PaperWeights | null
  isStrict: boolean
  skipAtLeast: number | null
  batch: string | null
}

/**
 * Why an answer was rewarded without a new picture. FORMAT: it has no prompt. SKIPPED: an edit was not wanted, or there is
 * nothing to compare it with. EDIT_FAILED, JUDGE_FAILED: what the name says. TIMEOUT: the batch's deadline came first.
 */
export type FallbackReason = 'FORMAT' | 'SKIPPED' | 'EDIT_FAILED' | 'JUDGE_FAILED' | 'TIMEOUT'

type Fallback = { reason: FallbackReason; message: string }

/** The reward of one answer. `fallback` null: its prompt was edited with and judged, `after` are the scores. */
export type ScoredRollout = Rewards & {
  overall: number
  codeTotal: number
  codeMixedTotal: number
  /** Null without weights. */
  paperTotal: number | null
  fallback: Fallback | null
  answer: ReadAnswer
  after: PairOfScores | null
  jobId: string | null
}

/** The rewards in the order of the answers. `edits`: how many different edits they came to. */
export type ScoredBatch = { results: ScoredRollout[]; edits: number; seconds: number }

/**
 * Rewards a batch of answers: each prompt edits its origin image through the fleet and the judge scores the result, the
 * same edit once, also over batches. Answers no later than a second after the deadline, whatever the fleet does: what is
 * not there by then has the fallback, and its job is canceled unless another batch waits for it. One bad answer holds none
 * back. Throws ModelUnavailableError, InvalidInputError for the editor's parameters and QuotaExceededError.
 */
export async function scoreRollouts(
  { db, log }: { db: Db; log: Logger },
  { tenantId }: { tenantId: string },
  batch: RolloutBatch,
): Promise<ScoredBatch> {
  const startedAt = performance.now()
  const endsAt = startedAt + batch.deadlineSeconds * 1_000
  const answers = batch.rollouts.map(({ response }) => readAnswer(response, batch))
  const work = editAll({ db, log }, { tenantId, batch, answers, endsAt })
  const edited = (await atMost(work, endsAt - startedAt + LATE_MS)) ?? {
    edits: 0,
    outcomes: answers.map(() => timeout),
  }
  work.catch(error => log.warn({ err: error }, 'a batch of rewards went on without success after its deadline'))
  const results = edited.outcomes.map((outcome, i) => toResult(batch, i, answers[i] as ReadAnswer, outcome))
  return { results, edits: edited.edits, seconds: (performance.now() - startedAt) / 1_000 }
}

const LATE_MS = 700

type EditOutcome = { fallback: Fallback | null; after: PairOfScores | null; jobId: string | null }

const timeout: EditOutcome = toFallback('TIMEOUT', 'The deadline of the batch came first.')

function toFallback(reason: FallbackReason, message: string, jobId: string | null = null): EditOutcome {
  return { fallback: { reason, message }, after: null, jobId }
}

type EditWork = { tenantId: string; batch: RolloutBatch; answers: readonly ReadAnswer[]; endsAt: number }

async function editAll(deps: { db: Db; log: Logger }, { tenantId, batch, answers, endsAt }: EditWork) {
  const { db, log } = deps
  const editor = await resolveModel(db, { kind: 'EDITOR', model: batch.editor })
  const judge = await resolveModel(db, { kind: 'THINKER', model: batch.judge })
  const editorParameters = checkParameters(editor.parameters, batch.editorParameters, 'editorParameters')
  const images = await findOriginImages(
    db,
    tenantId,
    batch.rollouts.map(({ originImage }) => originImage),
  )
  const plans = batch.rollouts.map((rollout, i): RewardEdit | EditOutcome => {
    const prompt = storableText(answers[i]?.prompt ?? '').trim()
    const sourceId = images[i] ?? null
    const fault = findFault(rollout, { prompt, sourceId }, batch.skipAtLeast)
    const instruction = storableText(rollout.originPrompt)
    const common = { editor: editor.id, judge: judge.id, seed: batch.seed, editorParameters }
    return fault ?? { sourceId: sourceId ?? '', instruction, prompt, ...common }
  })
  const edits = plans.filter((plan): plan is RewardEdit => 'sourceId' in plan)
  const secondsLeft = Math.max(1, (endsAt - performance.now()) / 1_000)
  const jobs = await startRewardJobs(db, { tenantId, edits, batch: batch.batch, secondsLeft })
  const jobIds = [...jobs.values()].filter(job => typeof job === 'string')
  const ended = await followRewardJobs(deps, { jobIds, endsAt })
  const open = jobIds.filter(id => !ended.has(id))
  // Not waited for: where this fails, the deadline of each job ends it.
  if (open.length > 0) cancelUnused(db, tenantId, open).catch(err => log.warn({ err }, 'late edits were not canceled'))
  const outcomes = plans.map(plan => {
    if (!('sourceId' in plan)) return plan
    const job = jobs.get(toRewardKey(plan))
    if (job instanceof DomainError) return toFallback('EDIT_FAILED', job.message)
    return job === undefined ? timeout : toOutcome(job, ended.get(job))
  })
  return { edits: jobs.size, outcomes }
}

const MAX_TEXT = 8_000

function findFault(
  { evaluation, originPrompt }: Rollout,
  { prompt, sourceId }: { prompt: string; sourceId: string | null },
  skipAtLeast: number | null,
): EditOutcome | null {
  if (prompt === '') return toFallback('FORMAT', 'The answer holds no prompt to edit with.')
  if (!evaluation || !isScore(evaluation.semantic) || !isScore(evaluation.quality)) {
    return toFallback(
      'SKIPPED',
      'evaluation has no two scores from 0 to 10, so that no edit could be compared with it.',
    )
  }
  if (skipAtLeast !== null && toOverall(evaluation) >= skipAtLeast) {
    return toFallback('SKIPPED', `The last picture has an overall score of at least ${skipAtLeast} already.`)
  }
  if (sourceId === null) return toFallback('EDIT_FAILED', 'There is no such originImage.')
  const length = [...originPrompt].length
  if (length === 0 || length > MAX_TEXT) {
    return toFallback('EDIT_FAILED', `originPrompt must have 1 to ${MAX_TEXT} characters, not ${length}.`)
  }
  return null
}

function toOutcome(jobId: string, end: RewardJobEnd | undefined): EditOutcome {
  if (!end) return { ...timeout, jobId }
  if (end.scores) return { fallback: null, after: end.scores, jobId }
  if (end.stopReason === 'DEADLINE') return { ...timeout, jobId }
  if (end.status === 'CANCELED') return toFallback('EDIT_FAILED', 'The job was canceled.', jobId)
  const message = end.errorMessage ?? 'The judge gave no scores that could be read.'
  return toFallback(end.hasPicture ? 'JUDGE_FAILED' : 'EDIT_FAILED', message, jobId)
}

function toResult(batch: RolloutBatch, i: number, answer: ReadAnswer, outcome: EditOutcome): ScoredRollout {
  const given = batch.rollouts[i]?.evaluation ?? null
  const before = given && isScore(given.semantic) && isScore(given.quality) ? given : null
  const rewards = toRewards({ answer, before, after: outcome.after })
  const wasEdited = outcome.after !== null
  const totals = {
    codeTotal: toTotal(rewards, { formula: 'CODE', wasEdited }),
    codeMixedTotal: toTotal(rewards, { formula: 'CODE_MIXED', wasEdited }),
    paperTotal: batch.weights && toTotal(rewards, { formula: 'PAPER', weights: batch.weights }),
  }
  const overall = { CODE: totals.codeTotal, CODE_MIXED: totals.codeMixedTotal, PAPER: totals.paperTotal ?? 0 }
  return { ...rewards, ...totals, overall: overall[batch.formula], ...outcome, answer }
}
