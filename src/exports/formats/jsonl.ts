// JSON, a line a sample. Whole trajectories are lines of `pentimento-trajectories`, which can be imported again; steps and
// pairs are what sample.ts says.

import type { ExportFormat } from '../export-format.ts'
import { toReadme } from '../readme.ts'
import { toSampleJson } from '../sample-json.ts'
import { writeLines } from './lines.ts'

/** For scripts of one's own, and for another server. */
export const jsonl: ExportFormat = {
  name: 'JSONL',
  kinds: ['TRAJECTORY', 'STEP', 'PAIR'],
  pictures: ['INCLUDED', 'NAMED', 'LINKED'],
  subset: null,
  takesLines: true,
  usesTemplate: false,
  limits: { samples: 100_000, bytes: 256_000_000 },
  shardPath: (split, number) => `${split}-${String(number).padStart(5, '0')}.jsonl`,
  open(sink, { place }) {
    const lines = writeLines(sink)
    return {
      async add(item) {
        await lines.add('line' in item ? item.line : JSON.stringify(toSampleJson(item, place)))
        return true
      },
      byteSize: lines.byteSize,
      end: lines.end,
    }
  },
  describe: summary => [{ path: 'README.md', text: toReadme(summary, toText(summary.kind)) }],
}

const toText = (kind: string): string[] =>
  kind === 'TRAJECTORY'
    ? [
        'Each line is a whole trajectory (`pentimento-trajectories`, version 1): the job with its settings, its rounds by index and candidate, and every critique. Pictures are named by path and SHA-256.',
        'Import it into a server with `pentimento import FOLDER`.',
      ]
    : [
        'Each line is a sample: its hash, its position in the dataset version, and its content. Pictures are named by path and SHA-256.',
      ]
