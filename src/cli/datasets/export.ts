import { readFile } from 'node:fs/promises'
import chalk from 'chalk'
import { SingleBar } from 'cli-progress'
import { Command, Option } from 'commander'
import { z } from 'zod'
import type { ApiClient, SubscribeOptions } from '../api-client.ts'
import { CliError, UsageError } from '../cli-error.ts'
import { openSession, parseWholeNumber, printJson, type Session } from '../session.ts'
import { findVersion } from './dataset-answers.ts'
import { downloadExport } from './download-export.ts'
import { cancelExport, deleteExport } from './end-export.ts'
import { listExports } from './list-exports.ts'

const formats: Record<string, { format: string; next: (folder: string) => string }> = {
  'llama-factory-sft': { format: 'LLAMA_FACTORY_SFT', next: folder => trainWith(folder, 'train_sft.yaml') },
  'llama-factory-ranking': { format: 'LLAMA_FACTORY_RANKING', next: folder => trainWith(folder, 'train_dpo.yaml') },
  easyr1: { format: 'EASYR1', next: folder => `see ${folder}/README.md for the commands of the trainer` },
  verl: { format: 'VERL', next: folder => `see ${folder}/README.md for how verl reads it` },
  'huggingface-parquet': {
    format: 'HUGGINGFACE_PARQUET',
    next: folder => `python3 -c "import datasets; print(datasets.load_dataset('${folder}'))"`,
  },
  imagefolder: {
    format: 'IMAGEFOLDER',
    next: folder => `python3 -c "import datasets; print(datasets.load_dataset('imagefolder', data_dir='${folder}'))"`,
  },
  webdataset: { format: 'WEBDATASET', next: folder => `tar -tf ${folder}/train-000000.tar | head` },
  jsonl: { format: 'JSONL', next: folder => `head -n 1 ${folder}/train-00000.jsonl` },
  csv: { format: 'CSV', next: folder => `head -n 2 ${folder}/train-00000.csv` },
}

type Wish = {
  name: string
  format: keyof typeof formats
  out: string
  pictures?: string
  shardSize?: number
  subset?: string
  template?: string
}
type Given = Partial<Omit<Wish, 'name'>> & { list?: true; cancel?: string; delete?: string }

const ofWriting = ['format', 'out', 'pictures', 'shardSize', 'subset', 'template', 'list']

/** `pentimento export`: writes a dataset version on the server and downloads it. */
export function exportCommand(): Command {
  return new Command('export')
    .description('write a dataset version for a trainer and download it; again: what is missing')
    .argument('[version]', 'NAME for the newest version, or NAME@N')
    .addOption(new Option('--format <format>', 'how it is written').choices(Object.keys(formats)))
    .option('--out <folder>', 'where the files go')
    .addOption(
      new Option('--pictures <how>', 'as files, by name alone or as links').choices(['included', 'named', 'linked']),
    )
    .option('--shard-size <n>', 'samples in a file at most', parseWholeNumber(1, 1_000_000))
    .addOption(
      new Option('--subset <subset>', 'only these steps, where the recipe tells them apart').choices(['sft', 'rl']),
    )
    .option('--template <file>', 'the text that the thinker is trained on, instead of the own one')
    .option('--list', 'list the exports there are, newest first, and write none')
    .addOption(
      new Option('--cancel <export>', 'stop an export, by its id, and remove what it wrote').conflicts(ofWriting),
    )
    .addOption(
      new Option('--delete <export>', 'remove an export that has ended, by its id, with its files').conflicts([
        ...ofWriting,
        'cancel',
      ]),
    )
    .addHelpText('after', '\nAn export goes on without this command: --list tells of it, --cancel ends it.')
    .action(async (version: string | undefined, options: Given, command: Command) => {
      const session = openSession(command)
      const ended = options.cancel ?? options.delete
      if (version !== undefined && ended !== undefined) {
        throw new UsageError('--cancel and --delete take the id of an export and no version.')
      }
      if (options.list) await listExports(session)
      else if (options.cancel !== undefined) await cancelExport(session, options.cancel)
      else if (options.delete !== undefined) await deleteExport(session, options.delete)
      else await run(session, toWish(version, options))
    })
}

const startDocument = `mutation StartExport($input: StartExportInput!) {
  startExport(input: $input) {
    __typename ... on StartExportSuccess { export { id } } ... on Error { code message }
  }
}`
const Started = z.object({ export: z.object({ id: z.string() }) })

const progressDocument = `subscription FollowExport($id: ID!) {
  exportProgress(exportId: $id) {
    samples total bytes export { id status contentHash error { code message } samples bytes }
  }
}`
const Progress = z.object({
  exportProgress: z.object({
    samples: z.number(),
    total: z.number(),
    bytes: z.number(),
    export: z.object({
      id: z.string(),
      status: z.enum(['QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELED']),
      contentHash: z.string().nullable(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
      samples: z.number(),
      bytes: z.number(),
    }),
  }),
})
type Made = z.infer<typeof Progress>['exportProgress']['export']

function toWish(name: string | undefined, { format, out, ...rest }: Given): Wish {
  if (name === undefined) throw new UsageError('Name the version: NAME for the newest, or NAME@N.')
  if (format === undefined) throw new UsageError('Say with --format how it is written.')
  if (out === undefined) throw new UsageError('Say with --out where the files go.')
  return { ...rest, name, format, out }
}

async function run({ api, isJson }: Session, options: Wish): Promise<void> {
  const { format, next } = formats[options.format] ?? { format: options.format, next: () => '' }
  const version = await findVersion(api, options.name)
  const input = {
    versionId: version.id,
    format,
    pictures: options.pictures?.toUpperCase(),
    shardSize: options.shardSize,
    subset: options.subset?.toUpperCase(),
    template: options.template === undefined ? undefined : await readTemplate(options.template),
  }
  const started = await api.mutate(startDocument, { input }, Started)
  const made = await follow(api, started.export.id, isJson)
  if (made.status !== 'DONE') {
    const { code, message } = made.error ?? { code: 'CANCELED', message: 'The export was canceled.' }
    throw new CliError(message, { code })
  }
  const bar = isJson ? null : openBar('Download', 'files')
  const download = await downloadExport(
    api,
    { id: made.id, contentHash: made.contentHash, folder: options.out },
    (done, all) => {
      if (!bar) return
      if (bar.getTotal() !== all) bar.start(all, done)
      bar.update(done)
    },
  )
  bar?.stop()
  if (isJson) return printJson({ __typename: 'Export', ...made, folder: options.out, ...download })
  const loaded =
    download.loaded === download.files ? '' : chalk.dim(` (${download.files - download.loaded} were there)`)
  console.log(
    [
      `${chalk.green('✔')} ${made.samples} samples in ${download.files} files, ${toMegabytes(made.bytes)} MB: ${options.out}${loaded}`,
      `${chalk.dim('Hash')} ${made.contentHash}`,
      `${chalk.dim('Next')} ${next(options.out)}`,
    ].join('\n'),
  )
}

async function follow(api: ApiClient, id: string, isJson: boolean): Promise<Made> {
  const bar = isJson ? null : openBar('Write', 'samples')
  const variables: SubscribeOptions = { variables: { id } }
  let last: Made | undefined
  for await (const { exportProgress } of api.subscribe(progressDocument, variables, Progress)) {
    const { samples, total } = exportProgress
    if (!last) bar?.start(total, samples)
    bar?.update(samples)
    last = exportProgress.export
  }
  bar?.stop()
  if (!last) throw new CliError('The export is gone.', { code: 'NOT_FOUND' })
  return last
}

/** A bar on standard error; nothing where that is no terminal. */
function openBar(what: string, unit: string): SingleBar {
  return new SingleBar({
    format: `${what.padEnd(8)} {bar} {value}/{total} ${unit}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
  })
}

async function readTemplate(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CliError(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause })
  }
}

const toMegabytes = (bytes: number) => (bytes / 1e6).toFixed(1)

function trainWith(folder: string, config: string): string {
  return `sed -i "s|EXPORT_FOLDER|$(realpath ${folder})|g" ${folder}/${config} && llamafactory-cli train ${folder}/${config}`
}
