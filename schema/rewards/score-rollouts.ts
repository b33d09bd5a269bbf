import { InvalidInputError, ModelUnavailableError, QuotaExceededError } from '../../src/errors.ts'
import type { PairOfScores } from '../../src/rewards/read-answer.ts'
import { type ScoredBatch, type ScoredRollout, scoreRollouts } from '../../src/rewards/score-rollouts.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import { encodeGlobalId } from '../global-id.ts'
import { successType } from '../jobs/job-result.ts'
import { parseInput } from '../parse-input.ts'
import { MAX_DEADLINE_SECONDS, MAX_ROLLOUTS, rolloutBatchRule } from './rollout-batch.ts'

const RewardFormula = builder.enumType('RewardFormula', {
  description: 'How a total is made of the rewards.',
  values: {
    CODE: {
      description:
        "The paper's code: 0.5 format + 0.5 editedSemantic; of an answer that was not edited 0.5 format + 0.1 accuracy + 0.2.",
    },
    CODE_MIXED: {
      description:
        'The older mix of that code for all answers: 0.5 format + 0.1 accuracy + 0.3 editedSemantic + 0.1 editedQuality.',
    },
    PAPER: { description: 'The paper: alpha format + beta critic + gamma edit, by the `weights`.' },
  } as const,
})

const RewardFallback = builder.enumType('RewardFallback', {
  description: 'Why an answer was rewarded without a new picture.',
  values: {
    FORMAT: { description: 'It holds no prompt to edit with.' },
    SKIPPED: { description: 'No edit was wanted (`skipAtLeast`), or there is no `evaluation` to compare with.' },
    EDIT_FAILED: { description: 'No picture could be made.' },
    JUDGE_FAILED: { description: 'A picture was made, but no scores of it could be read.' },
    TIMEOUT: { description: 'The deadline of the batch came first.' },
  } as const,
})

const EvaluationInput = builder.inputType('RolloutEvaluationInput', {
  description: 'The scores of the picture that a thinker looked at, 0 to 10.',
  fields: t => ({
    semantics: t.float({ required: true, description: 'How well it follows the instruction.' }),
    quality: t.float({ required: true, description: 'How clean it is.' }),
  }),
})

const RolloutInput = builder.inputType('RolloutInput', {
  description: 'One answer of a thinker in training, and what it was asked about.',
  fields: t => ({
    response: t.string({ required: true, description: 'The answer as the thinker wrote it, tags and all.' }),
    originPrompt: t.string({
      required: true,
      description: "The user's instruction, by which the new picture is judged.",
    }),
    previousPrompt: t.string({
      description:
        'The prompt of the last picture. No formula needs it: it may be sent so that a record needs no pruning.',
    }),
    originImage: t.string({
      required: true,
      description:
        'The untouched source: the global id of an Image, the SHA-256 in hex of its bytes (see `reuseImages`), or the `uploadId` of a completed upload.',
    }),
    evaluation: t.field({
      type: EvaluationInput,
      description: 'The scores of the last picture; null: unknown, then nothing is edited.',
    }),
  }),
})

const RewardWeightsInput = builder.inputType('RewardWeightsInput', {
  description: "The paper's alpha, beta and gamma, which it does not publish: 0 to 1 each, 1 together.",
  fields: t => ({
    format: t.float({ required: true, description: 'Alpha.' }),
    critic: t.float({ required: true, description: 'Beta.' }),
    edit: t.float({ required: true, description: 'Gamma.' }),
    scoreRange: t.float({
      defaultValue: 10,
      description: 'What the scores in critic and edit are counted in: 10 as they are, 1 for tenths of it.',
    }),
  }),
})

const ScoreRolloutsInput = builder.inputType('ScoreRolloutsInput', {
  description: 'A batch of answers to reward.',
  fields: t => ({
    rollouts: t.field({ type: [RolloutInput], required: true, description: `1 to ${MAX_ROLLOUTS} answers.` }),
    editor: t.string({ description: 'Model id of the editor; null: what the fleet serves first.' }),
    judge: t.string({ description: 'Model id of the thinker that judges; null: what the fleet serves first.' }),
    seed: t.int({ defaultValue: 0, description: 'The seed of every edit.' }),
    editorParameters: t.field({ type: 'JSON', description: "Checked against the editor's `parameters`." }),
    deadlineSeconds: t.float({
      defaultValue: 70,
      description: `The answer comes within a second after it, 1 to ${MAX_DEADLINE_SECONDS}.`,
    }),
    formula: t.field({ type: RewardFormula, defaultValue: 'CODE', description: 'What `overall` is.' }),
    weights: t.field({ type: RewardWeightsInput, description: 'Of PAPER, which needs them.' }),
    strict: t.boolean({
      defaultValue: false,
      description: "True: scores outside of 0 to 10 earn no format reward. The paper's code does not look.",
    }),
    skipAtLeast: t.float({
      description:
        "No edit where sqrt(semantics x quality) of the evaluation is that high already, 0 to 10; null: never, as it is in effect in the paper's code.",
    }),
    batch: t.string({ description: 'Batch label of the jobs that are started, 1 to 200 characters.' }),
  }),
})

const NewScores = builder.objectRef<PairOfScores>('RolloutScores').implement({
  description: "The judge's scores of a new picture, 0 to 10.",
  fields: t => ({
    semantics: t.float({ description: 'How well it follows the instruction.', resolve: ({ semantic }) => semantic }),
    quality: t.exposeFloat('quality', { description: 'How clean it is.' }),
  }),
})

const RolloutReward = builder.objectRef<ScoredRollout>('RolloutReward').implement({
  description: 'The rewards of one answer.',
  fields: t => ({
    overall: t.exposeFloat('overall', { description: "The total by the batch's formula." }),
    format: t.exposeFloat('format', {
      description: '1: think, score and answer are there, in order, with two numbers; else 0.',
    }),
    accuracy: t.exposeFloat('accuracy', { description: '1 - MSE / 10 of the two scores it guessed, 0 to 1.' }),
    editedSemantic: t.exposeFloat('editedSemantic', {
      description: '((new - old) / 10 + 1) / 2 of the semantic scores, 0 to 1; 0.5 where nothing was edited.',
    }),
    editedQuality: t.exposeFloat('editedQuality', { description: 'As `editedSemantic`, of the quality scores.' }),
    critic: t.exposeFloat('critic', { description: '-|guessed - real| in overall scores, -10 to 0.' }),
    edit: t.exposeFloat('edit', { description: 'The overall score gained, -10 to 10; 0 where nothing was edited.' }),
    codeTotal: t.exposeFloat('codeTotal', { description: 'The total by CODE.' }),
    codeMixedTotal: t.exposeFloat('codeMixedTotal', { description: 'The total by CODE_MIXED.' }),
    paperTotal: t.exposeFloat('paperTotal', {
      nullable: true,
      description: 'The total by PAPER; null without weights.',
    }),
    fallback: t.field({
      type: RewardFallback,
      nullable: true,
      description: 'Null: a picture was made and judged. Else why not.',
      resolve: ({ fallback }) => fallback?.reason ?? null,
    }),
    message: t.string({
      nullable: true,
      description: 'The fallback in a sentence.',
      resolve: ({ fallback }) => fallback?.message ?? null,
    }),
    prompt: t.string({
      description: "The answer's refined prompt, '' for none.",
      resolve: ({ answer }) => answer.prompt,
    }),
    newScores: t.expose('after', {
      type: NewScores,
      nullable: true,
      description: 'Of the new picture; null: there is none.',
    }),
    jobId: t.id({
      nullable: true,
      description: 'Global id of the Job that edited and judged; several answers may share it.',
      resolve: ({ jobId }) => jobId && encodeGlobalId('Job', jobId),
    }),
  }),
})

const ScoreRolloutsSuccess = builder.objectRef<ScoredBatch>('ScoreRolloutsSuccess').implement({
  description: 'Every answer has its rewards.',
  fields: t => ({
    results: t.field({
      type: [RolloutReward],
      description: 'In the order of the answers.',
      complexity: inPage,
      resolve: ({ results }) => results,
    }),
    edits: t.exposeInt('edits', { description: 'How many different edits the answers came to.' }),
    seconds: t.exposeFloat('seconds', { description: 'How long it took.' }),
  }),
})

const ScoreRolloutsResult = builder.errorUnion('ScoreRolloutsResult', {
  description: 'What became of a batch of answers.',
  types: [ScoreRolloutsSuccess, InvalidInputError, ModelUnavailableError, QuotaExceededError],
  resolveType: successType('ScoreRolloutsSuccess'),
})

builder.mutationField('scoreRollouts', t =>
  t.field({
    type: ScoreRolloutsResult,
    description:
      'Rewards answers of a thinker in training: each prompt edits its origin image through the fleet, the judge scores the result. The same edit is made once, also over batches. Answers by the deadline whatever the fleet does; what is not there by then has a fallback. POST /rewards takes the same as plain JSON.',
    args: { input: t.arg({ type: ScoreRolloutsInput, required: true, description: 'The answers.' }) },
    complexity: ({ input }) => ({ field: 1, multiplier: Math.min(Math.max(1, input.rollouts.length), MAX_ROLLOUTS) }),
    resolve: (_root, { input }, { deps, caller }) => scoreRollouts(deps, caller, parseInput(rolloutBatchRule, input)),
  }),
)
