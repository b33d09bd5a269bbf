import { existsSync, statSync } from 'node:fs'
import { basename, extname, sep } from 'node:path'
import chalk from 'chalk'
import { Command } from 'commander'
import ora from 'ora'
import type { Job } from './answers.ts'
import { cancelJob } from './cancel.ts'
import { UsageError } from './cli-error.ts'
import { describeEnd } from './describe-job.ts'
import { hang } from './describe-round.ts'
import { loadJob } from './load-job.ts'
import { isPictureName, savePictures, saveResult } from './save-pictures.ts'
import { openSession, parseWholeNumber, printJson, type Session } from './session.ts'
import { loadFileSize, startEdit, uploadImage } from './start-edit.ts'
import { watchJob } from './watch-job.ts'

type Options = {
  editor?: string
  thinker?: string
  rounds?: number
  candidates?: number
  out?: string
  detach?: true
}

/** How long after the first Ctrl-C a second one cancels the job. */
const SECOND_THOUGHT_MS = 3_000

/** `pentimento edit`: uploads a picture, starts an edit and shows it live to its end. */
export function editCommand(): Command {
  return new Command('edit')
    .description('edit a picture by an instruction and watch the rounds arrive')
    .argument('<image>', 'a PNG, JPEG, WebP, GIF, TIFF or BMP file')
    .argument('<instruction>', 'what to change, in your own words')
    .option('--editor <model>', 'the model that edits (default: the first of the fleet)')
    .option('--thinker <model>', 'the model that judges (default: the first of the fleet)')
    .option('--rounds <n>', 'the most rounds to make', parseWholeNumber(1, 20))
    .option('--candidates <n>', 'edits a round, of which the best goes on', parseWholeNumber(1, 8))
    .option('--out <path>', 'a folder for the source, every round and the result, or a file for the result alone')
    .option('--detach', 'print the id of the job and leave it to itself')
    .action(async (image: string, instruction: string, options: Options, command: Command) => {
      await edit(openSession(command), { image, instruction, options })
    })
}

async function edit(
  session: Session,
  { image, instruction, options }: { image: string; instruction: string; options: Options },
): Promise<void> {
  const { api, isJson, columns } = session
  const { editor, thinker, rounds: maxRounds, candidates, out, detach } = options
  if (detach && out !== undefined)
    throw new UsageError('--detach does not wait for what --out would save; give one of them.')
  if (out !== undefined && !isFolder(out) && !isPictureName(out)) {
    throw new UsageError(`${out} is neither a folder nor a .png, .jpg, .webp or .avif file.`)
  }
  const byteSize = await loadFileSize(image)
  const spinner = ora({ discardStdin: false, isSilent: isJson || !process.stderr.isTTY })
  spinner.start(`Uploading ${basename(image)} (${toSize(byteSize)})`)
  let job: Job
  try {
    const sourceId = await uploadImage(api, image)
    job = await startEdit(api, { sourceId, instruction, editor, thinker, settings: { maxRounds, candidates } })
  } finally {
    spinner.stop()
  }
  if (isJson) printJson({ __typename: 'Job', ...job })
  else if (detach) console.log(job.id)
  else console.log(hang('Job', job.id, columns))
  if (detach) return

  const release = takeInterrupts(session, job.id)
  await watchJob(session, { jobId: job.id, candidates: job.settings.candidates })
  release()
  const ended = await loadJob(api, job.id)
  const paths = await save(session, ended, out)
  if (isJson) printJson({ __typename: 'Job', ...ended })
  else console.log(`\n${describeEnd(ended)}`)
  if (isJson && out !== undefined) printJson({ __typename: 'Saved', paths })
  else if (!isJson && paths.length > 0) console.log(hang('Saved', paths.join('\n'), columns))
  else if (!isJson && ended.result) console.log(hang('Result', ended.result.url, Number.POSITIVE_INFINITY))
  if (ended.status !== 'SUCCEEDED') process.exitCode = 1
}

async function save({ api }: Session, job: Job, out: string | undefined): Promise<string[]> {
  if (out === undefined) return []
  if (isFolder(out)) return savePictures(api, job, out)
  return job.result ? [await saveResult(api, job.result, out)] : []
}

/** The first Ctrl-C says that the job goes on and soon ends this process; one more before that cancels the job. */
function takeInterrupts({ api }: Session, jobId: string): () => void {
  let presses = 0
  let leaving: NodeJS.Timeout | undefined
  const say = (text: string) => console.error(`\n${text}`)

  async function cancel(): Promise<void> {
    try {
      await cancelJob(api, jobId)
      process.exitCode = 1
    } catch (error) {
      say(error instanceof Error ? error.message : String(error))
      process.exit(1)
    }
  }
  function onInterrupt(): void {
    presses++
    if (presses === 1) {
      say(
        `The job goes on without this command. Press Ctrl-C again to cancel it.\n` +
          `Watch it with   ${chalk.bold(`pentimento watch ${jobId}`)}\n` +
          `Cancel it with  ${chalk.bold(`pentimento cancel ${jobId}`)}`,
      )
      leaving = setTimeout(() => process.exit(130), SECOND_THOUGHT_MS)
    } else if (presses === 2) {
      clearTimeout(leaving)
      void cancel()
    } else {
      process.exit(130)
    }
  }
  process.on('SIGINT', onInterrupt)
  return () => {
    clearTimeout(leaving)
    process.off('SIGINT', onInterrupt)
  }
}

function isFolder(path: string): boolean {
  if (existsSync(path)) return statSync(path).isDirectory()
  return path.endsWith('/') || path.endsWith(sep) || extname(path) === ''
}

function toSize(byteSize: number): string {
  return new Intl.NumberFormat('en', {
    notation: 'compact',
    style: 'unit',
    unit: 'byte',
    unitDisplay: 'narrow',
  }).format(byteSize)
}
