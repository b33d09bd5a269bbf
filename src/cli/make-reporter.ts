import chalk from 'chalk'
import ora from 'ora'
import type { JobEvent, Round } from './answers.ts'
import { describeRound, roundTitle } from './jobs/describe-round.ts'

/** Tells people how a job gets on: a spinner for the stage that runs (on standard error), a few lines for each round. */
export type Reporter = {
  show(event: JobEvent): void
  /** A stage that the events do not tell of. */
  stage(text: string): void
  /** Takes the spinner away. */
  stop(): void
}

type Counts = { started: number; edited: number; judged: number }

/** `candidates`: how many edits a round has. A spinner needs a terminal; without one there are the lines alone. */
export function makeReporter({ candidates, columns }: { candidates: number; columns: number }): Reporter {
  const spinner = ora({ discardStdin: false, isSilent: !process.stderr.isTTY })
  const rounds = new Map<number, Counts>()

  function count(round: Round, what: keyof Counts): void {
    const counts = rounds.get(round.index) ?? { started: 0, edited: 0, judged: 0 }
    rounds.set(round.index, { ...counts, [what]: counts[what] + 1 })
  }

  function stage(round: Round, text: string): void {
    const { edited, judged } = rounds.get(round.index) ?? { edited: 0, judged: 0 }
    const several = `${candidates} candidates, ${edited} edited, ${judged} judged`
    spinner.start(`Round ${round.index}: ${candidates > 1 ? several : text}`)
  }

  function print(text: string): void {
    spinner.stop()
    console.log(text)
  }

  function show(event: JobEvent): void {
    switch (event.__typename) {
      case 'JobQueued':
        spinner.start('Waiting for a free worker')
        return
      case 'JobRetried':
        print(chalk.yellow('\nThe job goes on in a new run.'))
        return
      case 'JobCancelRequested':
        spinner.start('Canceling')
        return
      case 'RoundStarted':
        count(event.round, 'started')
        stage(event.round, event.round.index === 0 ? 'the source is judged' : `${event.round.editor.id} is at work`)
        return
      case 'RoundEdited':
        count(event.round, 'edited')
        stage(event.round, 'the thinker judges')
        return
      case 'RoundCritiqued':
        count(event.round, 'judged')
        print(`\n${describeRound(event.round, { critique: event.critique, candidates, columns })}`)
        return
      case 'RoundFailed':
        print(`\n${chalk.red(`${roundTitle(event.round, candidates)} failed:`)} ${event.error.message}`)
        return
      case 'StageRetrying':
        spinner.start(`${event.stage} failed (${event.code}) and is tried again at ${toClock(event.retryAt)}`)
        return
      case 'CritiqueAdded':
        print(
          `\n${event.critique.by} adds a critique${event.critique.reasoning ? `: ${event.critique.reasoning}` : '.'}`,
        )
        return
      case 'JobForked':
        if (event.fork) print(`\nForked into ${event.fork.id}`)
        return
      case 'JobFinished':
        spinner.stop()
        return
      case 'JobStarted':
      case 'EventGap':
      case 'Other':
        return
      default:
        event satisfies never
    }
  }

  return { show, stage: text => void spinner.start(text), stop: () => void spinner.stop() }
}

function toClock(moment: string): string {
  return new Date(moment).toLocaleTimeString('en-GB')
}
