import type { JobSettings } from '../../src/jobs/job-row.ts'
import type { StopRule } from '../../src/loop/settings.ts'
import { builder } from '../builder.ts'
import { EditFrom, FirstRound, Selection } from '../enums.ts'

const StopRuleRef = builder.objectRef<StopRule>('StopRule').implement({
  description: 'When a job stops before `maxRounds`. Limits are checked between rounds; null: no limit.',
  fields: t => ({
    semanticAtLeast: t.exposeFloat('semanticAtLeast', { description: 'Satisfied needs this semantic score, 0 to 10.' }),
    qualityAtLeast: t.exposeFloat('qualityAtLeast', { description: 'Satisfied needs this quality score, 0 to 10.' }),
    patience: t.exposeInt('patience', {
      nullable: true,
      description: 'Stops after this many scored rounds without a gain in the best overall score.',
    }),
    maxEditorSeconds: t.exposeFloat('maxEditorSeconds', {
      nullable: true,
      description: 'Stops once the run has used this many seconds of editor time.',
    }),
    maxThinkerTokens: t.exposeInt('maxThinkerTokens', {
      nullable: true,
      description: 'Stops once the run has used this many thinker tokens.',
    }),
    deadlineSeconds: t.exposeInt('deadlineSeconds', {
      nullable: true,
      description: 'Stops this many seconds after the submit (or the retry), queued or running.',
    }),
  }),
})

export const EditSettings = builder.objectRef<JobSettings>('EditSettings').implement({
  description: "A job's settings with every default filled in.",
  fields: t => ({
    firstRound: t.expose('firstRound', { type: FirstRound, description: 'How the job begins.' }),
    maxRounds: t.exposeInt('maxRounds', { description: 'The most rounds it makes, 1 to 20; round 0 does not count.' }),
    candidates: t.exposeInt('candidates', { description: 'Best-of-N: edits a round, 1 to 8, each with its own seed.' }),
    editFrom: t.expose('editFrom', { type: EditFrom, description: 'What each round edits.' }),
    select: t.expose('select', { type: Selection, description: "Which round's image is the result." }),
    stop: t.expose('stop', { type: StopRuleRef, description: 'When it stops early.' }),
    critique: t.exposeBoolean('critique', { description: 'False: one edit, no thinker.' }),
    fallbackEditors: t.exposeStringList('fallbackEditors', {
      description:
        'Model ids that take over in this order, round by round, once the editor has had no healthy endpoint for 10 s.',
    }),
    resubmitUncertain: t.exposeBoolean('resubmitUncertain', {
      description:
        'Whether an edit that was sent to a paid provider and never answered may be sent, and paid for, again. False: its round fails with SUBMISSION_UNCERTAIN; `retryJob` sends it again.',
    }),
    seed: t.exposeInt('seed', {
      nullable: true,
      description: 'Seed of the first round; null: drawn, see `Round.seed`.',
    }),
    editorParameters: t.field({
      type: 'JSON',
      description: "The editor's parameters as given.",
      resolve: settings => settings.editorParameters,
    }),
  }),
})
