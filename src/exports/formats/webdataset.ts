// WebDataset: tar files whose members belong together by the part of their name before the first dot.

import type { SamplePicture } from '../../datasets/sample.ts'
import { extensionOf } from '../../storage/object-key.ts'
import type { ExportFormat, ExportSummary } from '../export-format.ts'
import { packTar } from '../pack-tar.ts'
import { toReadme } from '../readme.ts'
import { toSampleJson } from '../sample-json.ts'

/** A key a sample: `.json`, and each picture once: `.source.png`, `.edited.png`, of trajectories `.round-1-0.png` … */
export const webdataset: ExportFormat = {
  name: 'WEBDATASET',
  kinds: ['STEP', 'PAIR', 'TRAJECTORY'],
  pictures: ['INCLUDED'],
  subset: null,
  takesLines: false,
  usesTemplate: false,
  limits: { samples: 10_000, bytes: 256_000_000 },
  shardPath: (split, number) => `${split}-${String(number).padStart(6, '0')}.tar`,
  open(sink, { load }) {
    const tar = packTar(sink)
    return {
      async add(item) {
        if ('line' in item) return false
        const key = String(item.position).padStart(8, '0')
        const members = picturesOf(item.content).map(([name, picture]) => ({
          name: `${key}.${name}.${extensionOf(picture.contentType) ?? 'png'}`,
          picture,
        }))
        const names = new Map(members.map(({ name, picture }) => [picture.sha256, name]))
        const json = toSampleJson(item, picture => names.get(picture.sha256) ?? '')
        await tar.add(`${key}.json`, Buffer.from(`${JSON.stringify(json)}\n`))
        // Two at a time: the next is read while one is written.
        let next = begin(members, 0)
        for (const [index, { name }] of members.entries()) {
          const bytes = await next
          next = begin(members, index + 1)
          if (bytes) await tar.add(name, bytes)
        }
        return true
      },
      byteSize: tar.byteSize,
      end: tar.end,
    }

    function begin(members: { picture: SamplePicture }[], index: number): Promise<Buffer | null> {
      const member = members[index]
      const loading = member ? load(member.picture) : Promise.resolve(null)
      loading.catch(() => {}) // it is thrown where it is awaited, if that is reached
      return loading
    }
  },
  describe: summary => [
    {
      path: 'README.md',
      text: toReadme(summary, [
        'Tar files for WebDataset: members with the same name up to the first dot are one sample. In `.json` each picture is named by its member.',
        `Read it with \`webdataset.WebDataset("${toPattern(summary)}").decode("pil")\`, or \`datasets.load_dataset("webdataset", data_dir=".")\`.`,
      ]),
    },
  ],
}

/** The files of the first split, as WebDataset names several. */
function toPattern({ splits }: ExportSummary): string {
  const files = splits[0]?.files ?? []
  const [first = '', last = ''] = [files[0], files.at(-1)]
  if (files.length < 2) return first
  const numberOf = (path: string) => /\d+(?=\.tar$)/.exec(path)?.[0] ?? ''
  return first.replace(/\d+\.tar$/, `{${numberOf(first)}..${numberOf(last)}}.tar`)
}

type Content = Parameters<typeof toSampleJson>[0]['content']

/** Each picture of a sample by the name of its part, the same bytes once. */
function picturesOf(content: Content): [name: string, picture: SamplePicture][] {
  const named: [string, SamplePicture | null][] =
    content.kind === 'STEP'
      ? [
          ['source', content.source],
          ['edited', content.edited],
        ]
      : content.kind === 'PAIR'
        ? [
            ['source', content.source],
            ['chosen', content.chosen.picture],
            ['rejected', content.rejected.picture],
          ]
        : [
            ['source', content.source],
            ['mask', content.mask],
            ...content.references.map((picture, index): [string, SamplePicture] => [`reference-${index}`, picture]),
            ...content.rounds.flatMap(({ index, candidate, picture, base }): [string, SamplePicture | null][] => [
              [`round-${index}-${candidate}`, picture],
              [`round-${index}-${candidate}-base`, base],
            ]),
          ]
  const seen = new Set<string>()
  return named.flatMap(([name, picture]): [string, SamplePicture][] => {
    if (picture === null || seen.has(picture.sha256)) return []
    seen.add(picture.sha256)
    return [[name, picture]]
  })
}
