/** Something a person at a terminal is told in one sentence. `code` is the API's, where it has one. */
export class CliError extends Error {
  readonly code: string
  constructor(message: string, { code = 'FAILED', cause }: { code?: string; cause?: unknown } = {}) {
    super(message, { cause })
    this.name = new.target.name
    this.code = code
  }
}

/** What was typed cannot be meant; the process ends with 2. */
export class UsageError extends CliError {
  constructor(message: string) {
    super(message, { code: 'USAGE' })
  }
}
