import { Command, InvalidArgumentError } from 'commander'
import { openSession } from '../session.ts'
import { type JobOptions, runJob, withJobOptions } from './run-job.ts'
import { startGeneration } from './start-job.ts'

type Size = { width: number; height: number }

/** `pentimento generate`: starts a generation and shows it live to its end. */
export function generateCommand(): Command {
  const command = new Command('generate')
    .description('make a picture from words alone and watch the rounds arrive')
    .argument('<instruction>', 'what to show, in your own words')
    .option('--size <WxH>', "the picture's size in pixels, such as 1024x768 (default: the model's own)", parseSize)
  return withJobOptions(command, 'generates').action(
    async (instruction: string, options: JobOptions & { size?: Size }, called: Command) => {
      const session = openSession(called)
      await runJob(session, options, {
        instruction,
        files: [],
        start: input => startGeneration(session.api, { ...input, size: options.size }),
      })
    },
  )
}

function parseSize(text: string): Size {
  const [, width, height] = /^(\d{1,9})x(\d{1,9})$/.exec(text) ?? []
  if (width === undefined || height === undefined) {
    throw new InvalidArgumentError('It must be a width and a height in pixels, such as 1024x768.')
  }
  return { width: Number(width), height: Number(height) }
}
