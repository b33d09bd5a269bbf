import { z } from 'zod'
import { InvalidInputError, NotFoundError } from '../../src/errors.ts'
import { cancelExport } from '../../src/exports/cancel-export.ts'
import { deleteExport } from '../../src/exports/delete-export.ts'
import {
  ExportActiveError,
  ExportFinishedError,
  ExportLimitError,
  FormatMismatchError,
  VersionNotReadyError,
} from '../../src/exports/errors.ts'
import { type ExportRow, findExport, isEnded, toProgressName } from '../../src/exports/export-row.ts'
import { startExport } from '../../src/exports/start-export.ts'
import { builder } from '../builder.ts'
import type { Context } from '../context.ts'
import { said, toGraphQLError } from '../errors-to-graphql.ts'
import { encodeGlobalId, toUuid } from '../global-id.ts'
import { optional } from '../jobs/edit-input.ts'
import { successType } from '../jobs/job-result.ts'
import { intFrom, parseInput, textOf } from '../parse-input.ts'
import { Export, ExportFormatRef, ExportPicturesRef, StepSubsetRef } from './export.ts'

const StartExportInput = builder.inputType('StartExportInput', {
  description: 'What is to be written.',
  fields: t => ({
    versionId: t.id({ required: true, description: 'Global id of the DatasetVersion; it must be READY.' }),
    format: t.field({ type: ExportFormatRef, required: true, description: 'The format.' }),
    pictures: t.field({
      type: ExportPicturesRef,
      description: 'How pictures are part of it; null: INCLUDED. Not every format takes every one.',
    }),
    shardSize: t.int({ description: "Samples in a file at most, 1 to 1000000; null: the format's own limit." }),
    subset: t.field({
      type: StepSubsetRef,
      description:
        'Which steps, where the recipe tells them apart; null: SFT with LLAMA_FACTORY_SFT, RL with EASYR1 and VERL, else all. Steps of no subset always belong to it.',
    }),
    template: t.string({
      description:
        'The text of the tagged form that a thinker is trained on, with {original_instruction} in it, 1 to 100000 characters; null: the own one. LLAMA_FACTORY_SFT, EASYR1 and VERL alone.',
    }),
  }),
})

const optionsRule = z.object({
  shardSize: optional(intFrom(1, 1_000_000)),
  template: optional(textOf(1, 100_000)),
})

/** The success of a mutation that gives an export. */
function makeExportSuccess(name: string, description: string) {
  return builder.objectRef<{ exportId: string }>(name).implement({
    description,
    fields: t => ({
      export: t.prismaField({
        type: Export,
        description: 'The export as it is now.',
        resolve: (query, { exportId }, _args, context) => loadExport(query, exportId, context),
      }),
    }),
  })
}

const StartExportResult = builder.errorUnion('StartExportResult', {
  description: 'What became of a new export.',
  types: [
    makeExportSuccess('StartExportSuccess', 'It is being written, or was before.'),
    ...[InvalidInputError, NotFoundError, VersionNotReadyError, FormatMismatchError, ExportLimitError],
  ],
  resolveType: successType('StartExportSuccess'),
})

builder.mutationField('startExport', t =>
  t.field({
    type: StartExportResult,
    description:
      'Writes a dataset version in a format, in the background. The same again gives the export that is there, unless it failed, was canceled or has links in it.',
    args: { input: t.arg({ type: StartExportInput, required: true, description: 'What is to be written.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const versionId = toUuid(input.versionId, 'DatasetVersion')
      if (versionId === null) throw new NotFoundError('versionId', 'dataset version')
      const options = parseInput(optionsRule, { shardSize: input.shardSize, template: input.template })
      const { format, pictures, subset } = input
      const wish = { ...{ versionId, format }, ...options, ...(pictures && { pictures }), ...(subset && { subset }) }
      return { exportId: await startExport(deps.db, caller, wish) }
    },
  }),
)

const exportIdDescription = 'Global id of the Export.'

const CancelExportResult = builder.errorUnion('CancelExportResult', {
  description: 'What became of a cancellation.',
  types: [
    makeExportSuccess('CancelExportSuccess', 'It is canceled; nothing of it is left.'),
    ...[NotFoundError, ExportFinishedError],
  ],
  resolveType: successType('CancelExportSuccess'),
})

builder.mutationField('cancelExport', t =>
  t.field({
    type: CancelExportResult,
    description: 'Stops an export and removes what it wrote. Canceling a canceled one does nothing.',
    args: { exportId: t.arg.id({ required: true, description: exportIdDescription }) },
    resolve: async (_root, args, { deps, caller }) => {
      const exportId = toExportId(args.exportId)
      await cancelExport(deps, caller, exportId)
      return { exportId }
    },
  }),
)

const DeleteExportSuccess = builder.objectRef<{ exportId: string }>('DeleteExportSuccess').implement({
  description: 'The export is gone, with its files.',
  fields: t => ({
    deletedId: t.id({
      description: 'The global id it had.',
      resolve: ({ exportId }) => encodeGlobalId('Export', exportId),
    }),
  }),
})

const DeleteExportResult = builder.errorUnion('DeleteExportResult', {
  description: 'What became of a deletion.',
  types: [DeleteExportSuccess, NotFoundError, ExportActiveError],
  resolveType: successType('DeleteExportSuccess'),
})

builder.mutationField('deleteExport', t =>
  t.field({
    type: DeleteExportResult,
    description:
      'Removes an export that has ended, with its files: links to it give nothing any more. The dataset version stays, and so do pictures that others need.',
    args: { exportId: t.arg.id({ required: true, description: exportIdDescription }) },
    resolve: async (_root, args, { deps, caller: { tenantId } }) => {
      const exportId = toExportId(args.exportId)
      await deleteExport(deps, { tenantId, exportId })
      return { exportId }
    },
  }),
)

const ExportProgress = builder.objectRef<ExportRow>('ExportProgress').implement({
  description: 'How far an export is.',
  fields: t => ({
    export: t.prismaField({
      type: Export,
      description: 'The export.',
      resolve: (query, { id }, _args, context) => loadExport(query, id, context),
    }),
    samples: t.exposeInt('samples', { description: 'How many samples were worked off.' }),
    total: t.exposeInt('total', { description: 'How many samples the version has.' }),
    bytes: t.exposeFloat('bytes', { description: 'Bytes of all files so far.' }),
  }),
})

builder.subscriptionField('exportProgress', t =>
  t.field({
    type: ExportProgress,
    description:
      'How far an export is: as it is now, then each time there is more to tell, at most five times a second. Completes when it has ended.',
    args: { exportId: t.arg.id({ required: true, description: exportIdDescription }) },
    subscribe: async (_root, args, { deps, caller }) => {
      const absent = new NotFoundError('exportId', 'export')
      const id = toUuid(args.exportId, 'Export')
      if (id === null) throw toGraphQLError(absent)
      const work = {
        name: toProgressName(id),
        read: () => findExport(deps.db, caller.tenantId, id),
        isOver: ({ status }: ExportRow) => isEnded(status),
        absent,
      }
      return await said(deps.feed.followProgress(work))
    },
    resolve: ({ state }) => state,
  }),
)

/** Throws NOT_FOUND for one that was deleted just now. */
async function loadExport(query: object, id: string, { deps, caller }: Context) {
  const found = await deps.prisma.export.findUnique({ ...query, where: { id, tenantId: caller.tenantId } })
  if (found === null) throw toGraphQLError(new NotFoundError('exportId', 'export'))
  return found
}

function toExportId(globalId: string): string {
  const id = toUuid(globalId, 'Export')
  if (id === null) throw new NotFoundError('exportId', 'export')
  return id
}
