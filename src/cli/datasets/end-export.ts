import { z } from 'zod'
import { printJson, type Session } from '../session.ts'
import { ListedExport, listedExportFields } from './list-exports.ts'

const cancelDocument = `mutation CancelExport($exportId: ID!) {
  cancelExport(exportId: $exportId) {
    __typename ... on CancelExportSuccess { export { ...ListedExport } } ... on Error { code message }
  }
}
${listedExportFields}`
const deleteDocument = `mutation DeleteExport($exportId: ID!) {
  deleteExport(exportId: $exportId) {
    __typename ... on DeleteExportSuccess { deletedId } ... on Error { code message }
  }
}`

/** Stops an export and says so. Throws CliError where there is none or it has ended. */
export async function cancelExport({ api, isJson }: Session, exportId: string): Promise<void> {
  const canceled = await api.mutate(cancelDocument, { exportId }, z.object({ export: ListedExport }))
  if (isJson) printJson({ __typename: 'Export', ...canceled.export })
  else console.log('The export is canceled; nothing of it is left.')
}

/** Removes an export and says so. Throws CliError where there is none or it has not ended. */
export async function deleteExport({ api, isJson }: Session, exportId: string): Promise<void> {
  const { deletedId } = await api.mutate(deleteDocument, { exportId }, z.object({ deletedId: z.string() }))
  if (isJson) printJson({ __typename: 'DeleteExportSuccess', deletedId })
  else console.log('The export is gone, with its files.')
}
