import { existsSync, statSync } from 'node:fs'
import { basename, extname, sep } from 'node:path'
import chalk from 'chalk'
import { type Command, InvalidArgumentError } from 'commander'
import ora from 'ora'
import type { Job } from '../answers.ts'
import { UsageError } from '../cli-error.ts'
import { collect, parseWholeNumber, printJson, type Session } from '../session.ts'
import { cancelJob } from './cancel.ts'
import { describeEnd } from './describe-job.ts'
import { hang } from './describe-round.ts'
import { loadJob } from './load-job.ts'
import { isPictureName, savePictures, saveResult } from './save-pictures.ts'
import { type JobInput, loadFileSize, uploadImage } from './start-job.ts'
import { watchJob } from './watch-job.ts'

/** The options that every command has which starts a job. */
export type JobOptions = {
  editor?: string
  thinker?: string
  rounds?: number
  candidates?: number
  critique: boolean
  reference?: string[]
  threshold?: number
  seed?: number
  batch?: string
  tag?: string[]
  metadata?: Record<string, unknown>
  out?: string
  detach?: true
}

/** Gives a command these options; `maker` says what the model of `--editor` does. */
export function withJobOptions(command: Command, maker: string): Command {
  return command
    .option('--editor <model>', `the model that ${maker} (default: the first of the fleet)`)
    .option('--thinker <model>', 'the model that judges (default: the first of the fleet)')
    .option('--rounds <n>', 'the most rounds to make', parseWholeNumber(1, 20))
    .option('--candidates <n>', 'pictures a round, of which the best goes on', parseWholeNumber(1, 8))
    .option('--no-critique', 'make one round and let no thinker judge it')
    .option(
      '--reference <image>',
      'one more picture for the model to look at, where it takes several; may be repeated',
      (path: string, before: string[] = []) => [...before, path],
    )
    .option('--threshold <score>', 'satisfied needs both scores to reach this (default: 8)', parseScore)
    .option('--seed <n>', 'the seed of the first round (default: drawn)', parseWholeNumber(0, 2_147_483_646))
    .option('--batch <label>', 'the batch it belongs to')
    .option('--tag <tag>', 'a tag to find it by; may be repeated', collect)
    .option('--metadata <key=value>', 'something to keep with it; may be repeated', collectMetadata)
    .option('--out <path>', 'a folder for every picture there is, or a file for the result alone')
    .option('--detach', 'print the id of the job and leave it to itself')
}

/** For scores from 0 to 10. */
export function parseScore(text: string): number {
  const score = Number(text)
  if (text.trim() === '' || !(score >= 0 && score <= 10)) throw new InvalidArgumentError('It must be from 0 to 10.')
  return score
}

/** A value that is JSON is kept as that, so that 3 is a number; any other is text. */
function collectMetadata(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined) throw new InvalidArgumentError('It must be a key and a value, such as task=style.')
  return { ...before, [key]: parseValue(value) }
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** How long after the first Ctrl-C a second one cancels the job. */
const SECOND_THOUGHT_MS = 3_000

/** How a job is started: the files to upload first, and the call that takes their ids in the same order. */
export type JobStart = {
  instruction: string
  files: string[]
  start: (input: JobInput, imageIds: string[]) => Promise<Job>
}

/** Uploads what a job needs, starts it and shows it live to its end; Ctrl-C twice cancels it. */
export async function runJob(session: Session, options: JobOptions, request: JobStart): Promise<void> {
  const { api, isJson, columns } = session
  const { out, detach } = options
  if (detach && out !== undefined)
    throw new UsageError('--detach does not wait for what --out would save; give one of them.')
  if (out !== undefined && !isFolder(out) && !isPictureName(out)) {
    throw new UsageError(`${out} is neither a folder nor a .png, .jpg, .webp or .avif file.`)
  }
  const job = await begin(session, options, request)
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

async function begin(
  { api, isJson }: Session,
  options: JobOptions,
  { instruction, files, start }: JobStart,
): Promise<Job> {
  const { editor, thinker, reference = [], batch, tag: tags, metadata } = options
  const paths = [...files, ...reference]
  const sizes = await Promise.all(paths.map(path => loadFileSize(path)))
  const spinner = ora({ discardStdin: false, isSilent: isJson || !process.stderr.isTTY })
  const ids: string[] = []
  try {
    for (const [i, path] of paths.entries()) {
      spinner.start(`Uploading ${basename(path)} (${toSize(sizes[i] ?? 0)})`)
      ids.push((await uploadImage(api, path)).id)
    }
    const { rounds: maxRounds, candidates, critique, seed, threshold } = options
    const stop = threshold === undefined ? undefined : { semanticAtLeast: threshold, qualityAtLeast: threshold }
    const settings = { maxRounds, candidates, critique, seed, stop }
    const referenceIds = ids.slice(files.length)
    const input = { instruction, editor, thinker, settings, referenceIds, batch, tags, metadata }
    return await start(input, ids.slice(0, files.length))
  } finally {
    spinner.stop()
  }
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
