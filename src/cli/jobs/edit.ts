import { Command } from 'commander'
import { openSession } from '../session.ts'
import { type JobOptions, runJob, withJobOptions } from './run-job.ts'
import { startEdit } from './start-job.ts'

/** `pentimento edit`: uploads a picture, starts an edit and shows it live to its end. */
export function editCommand(): Command {
  const command = new Command('edit')
    .description('edit a picture by an instruction and watch the rounds arrive')
    .argument('<image>', 'a PNG, JPEG, WebP, GIF, TIFF or BMP file')
    .argument('<instruction>', 'what to change, in your own words')
  return withJobOptions(command, 'edits').action(
    async (image: string, instruction: string, options: JobOptions, called: Command) => {
      const session = openSession(called)
      await runJob(session, options, {
        instruction,
        files: [image],
        start: (input, [sourceId = '']) => startEdit(session.api, { ...input, sourceId }),
      })
    },
  )
}
