import { DomainError } from '../errors.ts'

/** The judge run has ended, so it cannot be canceled. */
export class JudgeRunFinishedError extends DomainError {
  constructor() {
    super('JUDGE_RUN_FINISHED', 'The judge run is done: it has all its answers and cannot be canceled.')
  }
}
