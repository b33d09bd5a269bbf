import type { ExportFormatName } from '../../src/exports/export-format.ts'
import { exportFileUrl, exportTarUrl } from '../../src/exports/export-link.ts'
import type { ExportFile } from '../../src/exports/read-export-files.ts'
import { listExportFiles } from '../../src/exports/read-export-files.ts'
import { builder } from '../builder.ts'
import { upwardComplexity } from '../complexity.ts'
import { toUuid } from '../global-id.ts'
import { loadNewestPage, newestPageArgs } from '../newest-page.ts'
import { intFrom, parseArgument } from '../parse-input.ts'
import { openCursor, sealCursor } from '../signed-cursor.ts'
import { toPage } from '../to-page.ts'

const DEFAULT_PAGE = 20
const MAX_FILES = 500
const filesRule = intFrom(0, MAX_FILES)

/** Where an export stands, for errors too. */
export const ExportStatusRef = builder.enumType('ExportStatus', {
  description: 'Where an export stands.',
  values: {
    QUEUED: { description: 'It waits for a process to write it.' },
    RUNNING: { description: 'Its files are being written.' },
    DONE: { description: 'It can be downloaded.' },
    FAILED: { description: 'It could not be written; nothing of it is left.' },
    CANCELED: { description: 'It was canceled; nothing of it is left.' },
  } as const,
})

/** The formats, for the inputs too. */
export const ExportFormatRef = builder.enumType('ExportFormat', {
  description: 'How a dataset version is written.',
  values: {
    LLAMA_FACTORY_SFT: {
      description: 'Steps as conversations for LLaMA-Factory, with `dataset_info.json` and a configuration.',
    },
    LLAMA_FACTORY_RANKING: { description: 'Pairs as preferences between prompts for LLaMA-Factory (`ranking: true`).' },
    EASYR1: { description: "Steps as the JSON lines that the paper's trainer, a fork of EasyR1, reads." },
    VERL: { description: 'Steps as parquet for verl.' },
    HUGGINGFACE_PARQUET: {
      description: 'Parquet with pictures inside and a dataset card; any samples, of trajectories a row a round.',
    },
    IMAGEFOLDER: { description: 'Hugging Face ImageFolder: picture files and `metadata.jsonl`; any samples.' },
    WEBDATASET: { description: 'Tar files with a key a sample; any samples.' },
    JSONL: { description: 'JSON lines; whole trajectories can be imported again.' },
    CSV: { description: 'A table; of trajectories a row a round.' },
  } as const,
})

/** How pictures are part of it, for the inputs too. */
export const ExportPicturesRef = builder.enumType('ExportPictures', {
  description: 'How pictures are part of an export.',
  values: {
    INCLUDED: { description: 'Their stored bytes are among the files, or inside of them.' },
    NAMED: { description: 'The data name them by paths made of their SHA-256; the files are left out.' },
    LINKED: {
      description: 'The data have signed links to them, which expire within 25 hours and are never twice the same.',
    },
  } as const,
})

/** Which steps, for the inputs too. */
export const StepSubsetRef = builder.enumType('StepSubset', {
  description: 'What a step is for, where its recipe tells by variance.',
  values: {
    SFT: { description: 'Supervised fine-tuning.' },
    RL: { description: 'Reinforcement learning.' },
  } as const,
})

const ExportFileRef = builder.objectRef<ExportFile>('ExportFile').implement({
  description: 'A file of a finished export.',
  fields: t => ({
    path: t.exposeString('path', { description: "Its path in the export's folder." }),
    byteSize: t.exposeFloat('byteSize', { description: 'Its size in bytes.' }),
    sha256: t.exposeString('sha256', { description: 'SHA-256 of its bytes, hex.' }),
    samples: t.exposeInt('samples', { description: 'How many samples it holds; 0: pictures and descriptions.' }),
    url: t.string({
      description: 'A signed link to it that anyone may GET for 24 to 25 hours; takes ranges.',
      resolve: (file, _args, { deps }) => exportFileUrl(deps.images.links, file),
    }),
  }),
})

const ExportFileConnection = builder.connectionObject(
  { type: ExportFileRef, name: 'ExportFileConnection', description: 'A page of files.' },
  { name: 'ExportFileEdge', description: 'A file and its place in the list.' },
)

const ExportError = builder.objectRef<{ code: string; message: string }>('ExportError').implement({
  description: 'Why an export could not be written.',
  fields: t => ({
    code: t.exposeString('code', {
      description: 'Stable name of the failure, such as `STORAGE_FULL` or `NO_SAMPLES`.',
    }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
  }),
})

/** A dataset version written out in a format. */
export const Export = builder.prismaNode('Export', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId }),
  description: 'A dataset version written out in a format, in the background. The same version gives the same bytes.',
  fields: t => ({
    version: t.relation('version', { description: 'What is written.', complexity: upwardComplexity }),
    format: t.field({
      type: ExportFormatRef,
      description: 'The format.',
      resolve: ({ format }) => format as ExportFormatName, // only startExport writes it
    }),
    pictures: t.field({
      type: ExportPicturesRef,
      description: 'How pictures are part of it.',
      resolve: ({ options }) => (options as { pictures: 'INCLUDED' }).pictures, // as startExport wrote them
    }),
    status: t.expose('status', { type: ExportStatusRef, description: 'Where it stands.' }),
    samples: t.exposeInt('samples', { description: 'How many samples were worked off.' }),
    total: t.int({
      description: 'How many samples the version has.',
      select: { version: { select: { samples: true } } },
      resolve: ({ version }) => version.samples,
    }),
    bytes: t.float({ description: 'Bytes of all files so far.', resolve: ({ bytes }) => Number(bytes) }),
    contentHash: t.exposeString('contentHash', {
      nullable: true,
      description:
        'SHA-256, hex, of what `sha256sum` prints of all files in byte order of their paths; equal for equal exports. DONE only.',
    }),
    error: t.field({
      type: ExportError,
      nullable: true,
      description: 'Why it could not be written; FAILED only.',
      resolve: ({ errorCode, errorMessage }) =>
        errorCode === null ? null : { code: errorCode, message: errorMessage ?? errorCode },
    }),
    by: t.exposeString('by', { description: 'The name of the key that started it.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', nullable: true, description: 'When it was begun.' }),
    finishedAt: t.expose('finishedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    url: t.string({
      nullable: true,
      description:
        'A signed link to all its files as one tar file, which anyone may GET for 24 to 25 hours; takes ranges. DONE only.',
      resolve: ({ id, status }, _args, { deps }) => (status === 'DONE' ? exportTarUrl(deps.images.links, id) : null),
    }),
    files: t.field({
      type: ExportFileConnection,
      description: `Its files in byte order of their paths, at most ${MAX_FILES} a page; none before it is DONE.`,
      args: {
        first: t.arg.int({ description: `How many, 0 to ${MAX_FILES}. Default ${DEFAULT_PAGE}.` }),
        after: t.arg.string({ description: 'Cursor of the file before the first wanted one.' }),
      },
      resolve: async ({ id, status }, args, context) => {
        const size = parseArgument(filesRule, args.first ?? DEFAULT_PAGE, 'first')
        const place = { kind: 'export-file-cursor', cursor: args.after ?? '', argument: 'after' } as const
        const after = args.after ? openCursor(context, place, text => text) : null
        const files =
          status === 'DONE' ? await listExportFiles(context.deps.db, id, { after: after ?? '', first: size + 1 }) : []
        const toCursor = (file: ExportFile) => sealCursor(context, 'export-file-cursor', file.path)
        return toPage(files, { size, isFirst: after === null, toCursor })
      },
    }),
  }),
})

builder.queryField('export', t =>
  t.prismaField({
    type: Export,
    nullable: true,
    description: 'An export by its id; null where the tenant has none such.',
    args: { id: t.arg.id({ required: true, description: 'Global id of an Export.' }) },
    resolve: (query, _root, args, { deps, caller }) => {
      const id = toUuid(args.id, 'Export')
      if (id === null) return null
      return deps.prisma.export.findUnique({ ...query, where: { id, tenantId: caller.tenantId } })
    },
  }),
)

const ExportConnection = builder.connectionObject(
  { type: Export, name: 'ExportConnection', description: 'A page of exports.' },
  { name: 'ExportEdge', description: 'An export and its place in the list.' },
)

builder.queryField('exports', t =>
  t.field({
    type: ExportConnection,
    description: "The tenant's exports, newest first; at most 100 a page.",
    args: newestPageArgs,
    resolve: (_root, args, context, info) =>
      loadNewestPage({ kind: 'export-cursor', args }, context, info, query =>
        context.deps.prisma.export.findMany(query),
      ),
  }),
)
