import type { ExportSummary } from './export-format.ts'

/** A README.md of an export: what it is, what the format's own paragraphs say, and what is in it. */
export function toReadme(summary: ExportSummary, paragraphs: readonly string[]): string {
  const { dataset } = summary
  return [
    `# ${dataset.name}, version ${dataset.version}`,
    ...(dataset.description ? [dataset.description] : []),
    ...paragraphs,
    toContents(summary),
  ].join('\n\n')
}

/** The part that counts samples and files and says how pictures are named. */
function toContents({ dataset, options, splits }: ExportSummary): string {
  const rows = splits.map(
    ({ split, samples, leftOut, files }) => `| ${split} | ${samples} | ${leftOut} | ${files.length} |`,
  )
  return [
    '## What is in it',
    ['| split | samples | left out | files |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    'Left out is what this format cannot say, such as a sample without scores or without a source, and what does not belong to the subset that was asked for.',
    PICTURES[options.pictures],
    `Content hash of the dataset version: \`${dataset.contentHash}\`.\n`,
  ].join('\n\n')
}

const PICTURES: Record<ExportSummary['options']['pictures'], string> = {
  INCLUDED: 'Pictures are the stored bytes; their names are their SHA-256.',
  NAMED: 'The pictures are not among the files: paths name them by their SHA-256.',
  LINKED: 'Pictures are signed links that expire within 25 hours of the export.',
}
