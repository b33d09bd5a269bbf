// `npm run demo`: a whole server in a temporary folder, one edit through its public API, and a check that what the live
// stream said is what the API tells afterwards.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import chalk from 'chalk'
import ora from 'ora'
import { defaultFleet } from '../../workers/fleet/fleet.ts'
import { buildApp } from '../app.ts'
import { loadConfig } from '../config.ts'
import { makeLog } from '../log.ts'
import type { Job, JobEvent, Round } from './answers.ts'
import { connectApi } from './api-client.ts'
import { CliError } from './cli-error.ts'
import { describeEnd } from './jobs/describe-job.ts'
import { hang } from './jobs/describe-round.ts'
import { loadJob } from './jobs/load-job.ts'
import { savePictures } from './jobs/save-pictures.ts'
import { startEdit, uploadImage } from './jobs/start-job.ts'
import { watchJob } from './jobs/watch-job.ts'

const photo = resolve(import.meta.dirname, '../../examples/rocket.jpg')
const instruction = 'Make the colours much more vivid and the picture warmer'

const { values } = parseArgs({ options: { out: { type: 'string', default: 'out/demo' } } })
const columns = process.stdout.columns ?? 100
const spinner = ora({ discardStdin: false, isSilent: !process.stderr.isTTY })
const dataDir = await mkdtemp(join(tmpdir(), 'pentimento-demo-'))
const config = loadConfig({ PORT: '0', AUTH: 'off', DATA_DIR: dataDir })
const app = buildApp(config, { log: makeLog('error'), fleet: defaultFleet() })
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(130))

async function end(code: number): Promise<void> {
  interrupted.abort()
  spinner.stop()
  await app.stop()
  await rm(dataDir, { recursive: true, force: true })
  process.exit(code)
}

try {
  spinner.start('Starting PostgreSQL, the API and the workers')
  const { url } = await app.start()
  spinner.stop()
  console.log(`A whole server runs at ${chalk.cyan(`${url}/graphql`)} for the length of this demo.\n`)
  await run(url)
  await end(0)
} catch (error) {
  if (!interrupted.signal.aborted) {
    spinner.stop()
    console.error(error instanceof CliError ? error.message : error)
    await end(1)
  }
}

async function run(server: string): Promise<void> {
  const api = connectApi({ server, key: null })
  const { id: sourceId } = await uploadImage(api, photo)
  const { id: jobId } = await startEdit(api, { sourceId, instruction })
  console.log(hang('Photo', relative(process.cwd(), photo), columns))
  console.log(hang('Instruction', instruction, columns))

  const seen: Round[] = []
  const onEvent = (event: JobEvent) => {
    if (event.__typename === 'RoundCritiqued') seen.push({ ...event.round, critique: event.critique })
  }
  await watchJob({ api, isJson: false, columns }, { jobId, candidates: 1, onEvent, signal: interrupted.signal })

  const job = await loadJob(api, jobId)
  checkAgainst(seen, job)
  const paths = await savePictures(api, job, values.out)
  console.log(`\n${describeEnd(job)}`)
  console.log('  The job as queried has the same prompts and scores as the live stream.')
  console.log(`  The pictures are in ${values.out}/:\n${paths.map(path => `    ${path}`).join('\n')}`)
}

/** Throws CliError unless the live stream and the query tell one story, of two rounds or more that got better. */
function checkAgainst(seen: Round[], job: Job): void {
  const toStory = (rounds: Round[]) =>
    rounds.map(({ index, prompt, critique }) => [
      ...[index, prompt, critique?.semantic, critique?.quality, critique?.overall, critique?.reasoning],
    ])
  const [live, queried] = [toStory(seen), toStory(job.rounds)].map(story => JSON.stringify(story))
  if (live !== queried) throw new CliError(`The live stream said\n${live}\nbut the query says\n${queried}`)
  const scores = seen.map(round => round.critique?.overall ?? 0)
  const isRising = scores.every((score, index) => index === 0 || score > (scores[index - 1] ?? 0))
  if (scores.length < 2 || !isRising) throw new CliError(`The scores do not rise: ${scores.join(', ')}`)
}
