import { Command } from 'commander'
import { openSession, printJson } from '../session.ts'
import { describeEnd } from './describe-job.ts'
import { hang } from './describe-round.ts'
import { loadJob } from './load-job.ts'
import { watchJob } from './watch-job.ts'

/** `pentimento watch`: what a job did so far and then live, to its end. */
export function watchCommand(): Command {
  return new Command('watch')
    .description('show what a job did so far, then follow it live until it ends')
    .argument('<job>', 'the id of the job')
    .action(async (jobId: string, _options: unknown, command: Command) => {
      const session = openSession(command)
      const { api, isJson, columns } = session
      const job = await loadJob(api, jobId)
      if (!isJson) console.log(hang('Instruction', job.instruction, columns))
      process.once('SIGINT', () => {
        console.error(`\nThe job goes on. End it with "pentimento cancel ${jobId}".`)
        process.exit(130)
      })
      await watchJob(session, { jobId, candidates: job.settings.candidates })
      const ended = await loadJob(api, jobId)
      if (isJson) printJson({ __typename: 'Job', ...ended })
      else console.log(`\n${describeEnd(ended)}`)
      if (!isJson && ended.result) console.log(hang('Result', ended.result.url, Number.POSITIVE_INFINITY))
      if (ended.status !== 'SUCCEEDED') process.exitCode = 1
    })
}
