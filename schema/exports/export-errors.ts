import {
  ExportActiveError,
  ExportFinishedError,
  ExportLimitError,
  FormatMismatchError,
  VersionNotReadyError,
} from '../../src/exports/errors.ts'
import { builder } from '../builder.ts'
import { ErrorInterface } from '../errors.ts'
import { ExportFormatRef, ExportStatusRef } from './export.ts'

const interfaces = [ErrorInterface]

builder.objectType(FormatMismatchError, {
  name: 'FormatMismatchError',
  description: "The format cannot say what the version's samples are; the message tells which it can.",
  interfaces,
  fields: t => ({
    format: t.field({ type: ExportFormatRef, description: 'The format.', resolve: error => error.format }),
  }),
})

builder.objectType(VersionNotReadyError, {
  name: 'VersionNotReadyError',
  description: 'The dataset version is still being built, or could not be built.',
  interfaces,
})

builder.objectType(ExportFinishedError, {
  name: 'ExportFinishedError',
  description: 'The export has ended, so it cannot be canceled.',
  interfaces,
  fields: t => ({
    status: t.field({ type: ExportStatusRef, description: 'How it ended.', resolve: error => error.status }),
  }),
})

builder.objectType(ExportActiveError, {
  name: 'ExportActiveError',
  description: 'The export waits or is being written, so it cannot be deleted.',
  interfaces,
  fields: t => ({
    status: t.field({ type: ExportStatusRef, description: 'Where it stands.', resolve: error => error.status }),
  }),
})

builder.objectType(ExportLimitError, {
  name: 'ExportLimitError',
  description: 'There are as many exports waiting as there may be.',
  interfaces,
  fields: t => ({ limit: t.exposeInt('limit', { description: 'How many there may be.' }) }),
})
