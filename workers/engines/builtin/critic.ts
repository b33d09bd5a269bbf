import type {
  CritiqueRequest,
  JudgeAnswer,
  JudgeRequest,
  PolishAnswer,
  PolishRequest,
  Thinker,
  Verdict,
} from '../engine.ts'
import { EngineError } from '../engine.ts'
import { type AlignedPair, alignPictures } from './align-pictures.ts'
import type { Clause, GradedClause, Instruction } from './clause.ts'
import type { BuiltinOptions, Closable } from './editor.ts'
import { explainVerdict, type Findings } from './explain-verdict.ts'
import { formatClauses } from './format-clauses.ts'
import { type ExactJudgement, isSize, judgeExact } from './judge-exact.ts'
import { judgeGraded } from './judge-graded.ts'
import { judgeQuality } from './judge-quality.ts'
import { toWish } from './measure-denied.ts'
import { parseInstruction } from './parse-instruction.ts'
import { makePixelThread, type PixelThread } from './pixel-thread.ts'
import { refineClauses } from './refine-clauses.ts'
import { watchUnasked } from './watch-unasked.ts'

const satisfiedFrom = 8

/**
 * The measuring critic `builtin-critic`. Stateless: it reads the instruction, aligns both pictures, measures what each
 * clause did, and rewrites the prompt with the amounts that should land. Semantic is the mean of its clauses less what was
 * damaged, below 8 while one clause misses and at most 6 beside a clause that cannot be done. It spends no tokens.
 */
export function builtinCritic(options: BuiltinOptions = {}): Required<Thinker> & Closable {
  const thread = options.thread ?? makePixelThread()
  return {
    critique: (request, signal) => critique(request, thread, signal),
    polish: (request, signal) => polish(request, signal),
    judge: (request, signal) => judge(request, thread, signal),
    close: () => (options.thread ? Promise.resolve() : thread.close()),
  }
}

async function critique(request: CritiqueRequest, thread: PixelThread, signal: AbortSignal): Promise<Verdict> {
  signal.throwIfAborted()
  const { source } = request
  if (!source) {
    const message = 'The builtin critic compares a picture with its source and cannot judge one made from words alone.'
    throw new EngineError('rejected', 'SOURCE_MISSING', message)
  }
  const instruction = parseInstruction(request.instruction)
  const prompt = parseInstruction(request.prompt)
  const pair = await alignPictures(source, request.edited, instruction.clauses)
  const measurement = await thread.measure(
    {
      source: pair.source,
      edited: pair.edited,
      excluded: pair.captions.map(({ area }) => area),
      isInverted: instruction.clauses.some(({ kind }) => kind === 'invert'),
      isVignetted: instruction.clauses.some(each => each.kind === 'graded' && each.op === 'vignette'),
      isGrained: instruction.clauses.some(each => each.kind === 'graded' && each.op === 'grain'),
      wishes: instruction.clauses.filter(isGradedClause).flatMap(clause => toWish(clause) ?? []),
    },
    signal,
  )
  const doable = instruction.clauses.filter(clause => !pair.refused.some(refused => refused === clause))
  const asks = (...ops: string[]) => doable.some(each => isGradedClause(each) && ops.includes(each.op))
  const isMixed = asks('saturation') && asks('warmth', 'tint')
  const graded = doable.filter(isGradedClause).map(clause => judgeGraded(clause, measurement, isMixed))
  const exact: ExactJudgement[] = []
  for (const clause of doable)
    if (!isGradedClause(clause)) exact.push(await judgeExact(clause, pair, measurement, doable))
  const findings: Findings = {
    graded,
    exact,
    drifts: watchUnasked(instruction, measurement, prompt.clauses),
    unknown: [...instruction.unknown, ...refusals(pair)],
    quality: judgeQuality(instruction.clauses, measurement),
    isWrongSize: !isSize(pair),
  }
  const semantic = round(scoreSemantic(findings))
  const quality = round(findings.quality.score)
  const isSatisfied = semantic >= satisfiedFrom && quality >= satisfiedFrom
  const refined = formatClauses(refineClauses(doable, prompt.clauses, findings))
  const last = request.prompt.trim()
  // Unsatisfied with nothing to change: the same prompt again says so. A prompt of other words but equal meaning is the same.
  const isSame = refined === '' || refined === formatClauses(prompt.clauses)
  const next = isSame ? last || request.instruction.trim() : refined
  return {
    semantic,
    quality,
    isSatisfied,
    reasoning: explainVerdict(findings),
    refinedPrompt: isSatisfied && (isSame || semantic >= 9.5) ? null : next,
    tokens: 0,
  }
}

async function polish({ instruction }: PolishRequest, signal: AbortSignal): Promise<PolishAnswer> {
  signal.throwIfAborted()
  const prompt = formatClauses(parseInstruction(instruction).clauses)
  return { prompt: prompt || instruction, tokens: 0 }
}

// Its scores are those of its critique: it knows one way to measure.
async function judge(request: JudgeRequest, thread: PixelThread, signal: AbortSignal): Promise<JudgeAnswer> {
  const { instruction, prompt, seed, write } = request
  if (write === null) {
    const message = 'The builtin critic measures how well an instruction was followed and cannot answer this question.'
    throw new EngineError('rejected', 'JUDGE_UNSUPPORTED', message)
  }
  const verdict = await critique({ instruction, prompt, seed, ...(await request.measured()) }, thread, signal)
  const { semantic, quality, reasoning, tokens } = verdict
  return { text: write({ semantic: semantic ?? 0, quality: quality ?? 0, reasoning }), isCut: false, tokens }
}

const isGradedClause = (clause: Clause): clause is GradedClause => clause.kind === 'graded'

const refusals = (pair: AlignedPair): Instruction['unknown'] =>
  pair.refused.map(clause => ({ text: formatClauses([clause]), reason: 'the picture does not have the size for it' }))

function scoreSemantic({ graded, exact, drifts, unknown, isWrongSize }: Findings): number {
  const scores = [...graded, ...exact].map(each => each.score)
  const damage =
    drifts.reduce((sum, { miss }) => sum + Math.min(3, Math.max(0, miss - 1) * 0.8), 0) + (isWrongSize ? 3 : 0)
  if (scores.length === 0 && unknown.length > 0) return Math.max(0, 1 - damage)
  const all = [...scores, ...unknown.map(() => 0)]
  const mean = all.length > 0 ? all.reduce((sum, score) => sum + score, 0) / all.length : 10
  const worst = Math.min(10, ...scores)
  const isDamaged = isWrongSize || drifts.some(({ miss }) => miss > 1)
  const score = Math.max(0, 0.7 * mean + 0.3 * Math.min(worst, mean) - damage)
  if (unknown.length > 0) return Math.min(6, score)
  // Short of satisfied, but the nearer round still scores higher.
  const isShort = worst < satisfiedFrom || isDamaged
  return isShort && score > 7.5 ? 7.5 + (score - 7.5) * 0.16 : score
}

const round = (score: number) => Math.round(Math.min(Math.max(score, 0), 10) * 100) / 100
