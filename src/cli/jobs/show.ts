import { Command } from 'commander'
import type { Image, Job } from '../answers.ts'
import { paintStatus } from '../paint-status.ts'
import { openSession, printJson, type Session } from '../session.ts'
import { toAge } from './describe-job.ts'
import { describeRound, hang } from './describe-round.ts'
import { loadJob } from './load-job.ts'
import { savePictures } from './save-pictures.ts'

/** `pentimento show`: one job with all its rounds. */
export function showCommand(): Command {
  return new Command('show')
    .description('show a job with its rounds, critiques and pictures')
    .argument('<job>', 'the id of the job')
    .option('--out <folder>', 'save its pictures there')
    .action(async (jobId: string, { out }: { out?: string }, command: Command) => {
      await show(openSession(command), jobId, out)
    })
}

async function show({ api, isJson, columns }: Session, jobId: string, out: string | undefined): Promise<void> {
  const job = await loadJob(api, jobId)
  if (isJson) printJson({ __typename: 'Job', ...job })
  else console.log(describeJob(job, columns))
  if (out === undefined) return
  const paths = await savePictures(api, job, out)
  if (isJson) printJson({ __typename: 'Saved', paths })
  else console.log(`\n${hang('Saved', paths.join('\n'), columns)}`)
}

function describeJob(job: Job, columns: number): string {
  const { candidates, maxRounds } = job.settings
  const lines: string[] = []
  const add = (label: string, text: string | null | undefined, width = columns) => {
    if (text) lines.push(hang(label, text, width))
  }
  const addPicture = (label: string, image: Image | null) => {
    if (!image) return
    add(label, `${image.width} x ${image.height}, ${image.contentType}`)
    add('', image.url, Number.POSITIVE_INFINITY) // a link that is broken into lines opens nothing
  }
  add('Job', job.id)
  add('Instruction', job.instruction)
  add('Status', paintStatus(job.status) + (job.stopReason ? `, ${job.stopReason}` : '') + place(job))
  add('Error', job.error?.message)
  add('Editor', job.editor.id)
  add('Thinker', job.thinker?.id)
  add('Limits', `${maxRounds} rounds${candidates > 1 ? ` of ${candidates} candidates` : ''}`)
  add('Batch', job.batch)
  add('Tags', job.tags.join(', '))
  add('Submitted', `${job.createdAt}, ${toAge(job.createdAt)}`)
  add('Took', took(job))
  addPicture('Source', job.source)
  addPicture('Mask', job.mask)
  for (const round of job.rounds) {
    lines.push('', describeRound(round, { candidates, columns }))
    addPicture(round.isBest ? 'Best picture' : 'Picture', round.image)
  }
  return lines.join('\n')
}

function place({ queuePosition }: Job): string {
  return queuePosition === null ? '' : `, number ${queuePosition} in the queue`
}

function took({ startedAt, finishedAt, editorSeconds, thinkerTokens }: Job): string | null {
  if (!startedAt || !finishedAt) return null
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000
  const tokens = thinkerTokens > 0 ? `, ${thinkerTokens} thinker tokens` : ''
  return `${seconds.toFixed(1)} s, ${editorSeconds.toFixed(1)} s of editor time${tokens}`
}
