import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import type { TrajectorySource } from '../../imports/found-trajectory.ts'
import { openPaperFolder } from '../../imports/read-paper-folder.ts'
import { MAX_RECORD_BYTES, openRecordFiles } from '../../imports/read-record-files.ts'
import { CliError, UsageError } from '../cli-error.ts'
import { collect, openSession, printJson, type Session } from '../session.ts'
import { type ImportLabels, type SentTrajectory, sendTrajectories, type WholeTrajectory } from './send-trajectories.ts'

const TRAJECTORIES_A_CALL = 200

type Options = {
  paper?: true
  editor?: string
  thinker?: string
  batch?: string
  tag?: string[]
  strict?: true
}

const help = `
What is imported:
  Lines of "pentimento-trajectories", as "pentimento export" writes them in the format JSONL: a .jsonl file, or a folder
  with such files. Pictures lie beside them, where the lines say, or under images/ by their SHA-256; what the server has
  already is not sent.
  With --paper, what the EditThinker script left in a result folder: every *_meta.json with the pictures beside it
  ({key}_SRCIMG.png and {key}_turn{n}.png). The script writes down no models, seeds or times. Name the models with --editor
  and --thinker. A seed is 0 for the editors that the script seeds with 0 (flux-kontext-dev, omnigen2-edit,
  longcat-image-edit); for others it is 0 too, with "seed": "unknown" in the metadata. Times are those of the import. The
  script does not keep its scores either: where a changed one wrote a "score" into an evaluation, it is taken. The result is
  the last picture, as with the script. Metadata: benchmark, key, task, language, and under "extra" what is not known here.

Models need not be known to the server. Importing the same again changes nothing, so an import that was interrupted goes on
with the same command. What cannot be imported is skipped and listed at the end, and the command ends with 1.
Importing a tenant's own export into the same tenant makes copies.`

/** `pentimento import`: makes trajectories that were made elsewhere the tenant's own. */
export function importCommand(): Command {
  return new Command('import')
    .description('import trajectories from an export, or from a result folder of the paper')
    .argument('<path>', 'a .jsonl file or a folder')
    .option('--paper', 'the folder is a result folder of the EditThinker script')
    .option('--editor <model>', 'with --paper: the model that edited')
    .option('--thinker <model>', 'with --paper: the model that judged')
    .option('--batch <label>', 'the batch of all that is imported, instead of their own')
    .addOption(new Option('--tag <tag>', 'a tag for all that is imported; may be repeated').argParser(collect))
    .option('--strict', 'stop at the first that cannot be imported')
    .addHelpText('after', help)
    .action(async (path: string, options: Options, command: Command) => {
      const session = openSession(command)
      const source = await open(path, options)
      await importAll(session, source, options)
    })
}

async function open(path: string, { paper, editor, thinker }: Options): Promise<TrajectorySource> {
  if (!paper && (editor !== undefined || thinker !== undefined)) {
    throw new UsageError('--editor and --thinker go with --paper: the lines of an export name their models.')
  }
  if (paper && (editor === undefined || thinker === undefined)) {
    throw new UsageError('--paper needs --editor and --thinker: the folder does not name the models.')
  }
  const opened = paper ? openPaperFolder(path, { editor: editor ?? '', thinker: thinker ?? '' }) : openRecordFiles(path)
  const source = await opened.catch(cause => {
    throw new CliError(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  })
  if (source === null) throw new CliError(`There is no ${paper ? '*_meta.json' : '.jsonl file'} in ${path}.`)
  return source
}

type Counts = { imported: number; present: number; skipped: { place: string; problem: string }[] }

async function importAll(session: Session, source: TrajectorySource, options: Options): Promise<void> {
  const { api, isJson } = session
  const counts: Counts = { imported: 0, present: 0, skipped: [] }
  const labels: ImportLabels = { batch: options.batch, tags: options.tag }
  const bar = new SingleBar({
    ...{ format: '{bar} {percentage}% {counts}', clearOnComplete: true, hideCursor: true, stopOnComplete: false },
    ...{ stream: process.stderr, noTTYOutput: false },
  })
  if (!isJson) bar.start(source.total, 0, { counts: toText(counts) })

  const note = (sent: SentTrajectory) => {
    if ('isNew' in sent) counts[sent.isNew ? 'imported' : 'present']++
    else if (options.strict) throw new CliError(`${sent.place}: ${sent.problem}`)
    else counts.skipped.push(sent)
  }
  let waiting: WholeTrajectory[] = []
  let bytes = 0
  const flush = async (done: number) => {
    const sent = await sendTrajectories(api, waiting, labels)
    waiting = []
    bytes = 0
    for (const one of sent) note(one)
    bar.update(done, { counts: toText(counts) })
  }
  try {
    let done = 0
    for await (const found of source.read()) {
      if ('problem' in found) note(found)
      else {
        const size = Buffer.byteLength(JSON.stringify({ record: found.record, ...labels }))
        if (waiting.length === TRAJECTORIES_A_CALL || bytes + size > MAX_RECORD_BYTES) await flush(done)
        waiting.push(found)
        bytes += size
      }
      done = found.done
    }
    if (waiting.length > 0) await flush(done)
  } catch (error) {
    bar.stop()
    if (!(error instanceof CliError)) throw error
    const { message, code } = error
    throw new CliError(`${message}\nStopped: ${toText(counts)}. The same command goes on from here.`, {
      code,
      cause: error,
    })
  }
  bar.stop()
  tell(session, counts)
}

function tell({ isJson }: Session, counts: Counts): void {
  const { imported, present, skipped } = counts
  if (isJson) {
    for (const one of skipped) printJson({ __typename: 'SkippedTrajectory', ...one })
    printJson({ __typename: 'Import', imported, present, skipped: skipped.length })
  } else {
    for (const { place, problem } of skipped) console.error(`${place}: ${problem}`)
    console.log(toText(counts))
  }
  if (skipped.length > 0) process.exitCode = 1
}

function toText({ imported, present, skipped }: Counts): string {
  return `${imported} imported, ${present} there already, ${skipped.length} skipped`
}
