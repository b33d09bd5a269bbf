import { z } from 'zod'
import {
  IdempotencyConflictError,
  InvalidInputError,
  ModelUnavailableError,
  NotFoundError,
  QuotaExceededError,
} from '../../src/errors.ts'
import { forkRound } from '../../src/jobs/fork-round.ts'
import { builder } from '../builder.ts'
import { toUuid } from '../global-id.ts'
import { intFrom, parseInput, textOf } from '../parse-input.ts'
import { EditSettingsInput, MAX_SEED, modelIdRule, optional, settingsRule } from './edit-input.ts'
import { makeJobSuccess, successType } from './job-result.ts'

const ForkRoundInput = builder.inputType('ForkRoundInput', {
  description: 'A new job from a stored round. What is left out is as in the job it comes from.',
  fields: t => ({
    roundId: t.id({ required: true, description: 'Global id of the Round.' }),
    prompt: t.string({
      description: "What round 1 asks the editor for, 1 to 8000 characters; null: that round's refined prompt.",
    }),
    instruction: t.string({ description: 'What the thinker judges by, 1 to 8000 characters.' }),
    editor: t.string({ description: 'Model id of the editor.' }),
    thinker: t.string({ description: 'Model id of the thinker.' }),
    settings: t.field({
      type: EditSettingsInput,
      description: "Settings of its own, all of them. `editFrom: PREVIOUS` edits that round's image first.",
    }),
    seed: t.int({ description: `Of round 1, 0 to ${MAX_SEED}; wins over \`settings.seed\`. Null: a new one.` }),
    idempotencyKey: t.string({ description: 'As in StartEditInput; 1 to 200 characters.' }),
  }),
})

const forkRule = z.object({
  prompt: optional(textOf(1, 8000)),
  instruction: optional(textOf(1, 8000)),
  editor: optional(modelIdRule),
  thinker: optional(modelIdRule),
  settings: optional(settingsRule),
  seed: optional(intFrom(0, MAX_SEED)),
  idempotencyKey: optional(textOf(1, 200)),
})

const ForkRoundSuccess = makeJobSuccess('ForkRoundSuccess', 'The new job was started, or found again by its key.')

const ForkRoundResult = builder.errorUnion('ForkRoundResult', {
  description: 'What became of a fork.',
  types: [
    ForkRoundSuccess,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    IdempotencyConflictError,
    ModelUnavailableError,
  ],
  resolveType: successType('ForkRoundSuccess'),
})

builder.mutationField('forkRound', t =>
  t.field({
    type: ForkRoundResult,
    description:
      'Starts a new job from any stored round, of a finished job or a running one: of the same kind with the same images, another prompt, editor or seed. Nothing is copied.',
    args: { input: t.arg({ type: ForkRoundInput, required: true, description: 'The fork.' }) },
    resolve: async (_root, { input: { roundId, ...rest } }, { deps, caller }) => {
      const round = toUuid(roundId, 'Round')
      if (round === null) throw new NotFoundError('roundId', 'round')
      return { jobId: await forkRound(deps.db, caller, { roundId: round, ...parseInput(forkRule, rest) }) }
    },
  }),
)
