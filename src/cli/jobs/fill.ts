import { Command } from 'commander'
import { openSession } from '../session.ts'
import { type JobOptions, runJob, withJobOptions } from './run-job.ts'
import { startFill } from './start-job.ts'

/** `pentimento fill`: uploads a picture and its mask, starts a fill and shows it live to its end. */
export function fillCommand(): Command {
  const command = new Command('fill')
    .description('repaint what a mask marks in a picture and watch the rounds arrive')
    .argument('<image>', 'a PNG, JPEG, WebP, GIF, TIFF or BMP file')
    .argument('<mask>', 'one more of the same width and height, white where the picture is filled')
    .argument('<instruction>', 'what to show there, in your own words')
  return withJobOptions(command, 'fills').action(
    async (image: string, mask: string, instruction: string, options: JobOptions, called: Command) => {
      const session = openSession(called)
      await runJob(session, options, {
        instruction,
        files: [image, mask],
        start: (input, [sourceId = '', maskId = '']) => startFill(session.api, { ...input, sourceId, maskId }),
      })
    },
  )
}
