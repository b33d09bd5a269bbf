// What LLaMA-Factory makes of a folder, by its data/README and its loader: dataset_info.json names files or folders of files
// by data set; `sharegpt` messages alternate, begin with the user, and end with the assistant unless the data set ranks; of
// images there must be as many files below media_dir as there are markers.

import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { z } from 'zod'

const Info = z.record(
  z.string(),
  z.strictObject({
    file_name: z.string(),
    formatting: z.literal('sharegpt'),
    ranking: z.boolean().default(false),
    columns: z.strictObject({
      messages: z.string(),
      images: z.string().optional(),
      chosen: z.string().optional(),
      rejected: z.string().optional(),
    }),
    tags: z.strictObject({
      ...{ role_tag: z.string(), content_tag: z.string(), user_tag: z.string(), assistant_tag: z.string() },
      system_tag: z.string(),
    }),
  }),
)

/** An example as the trainer gets it. */
export type Example = { prompt: string[]; responses: string[]; images: string[] }

/** Loads a data set or throws what the loader would complain about. */
export async function loadLlamaFactory(folder: string, dataset: string): Promise<Example[]> {
  const info = Info.parse(JSON.parse(await readFile(join(folder, 'dataset_info.json'), 'utf8')))[dataset]
  if (!info) throw new Error(`There is no data set ${dataset}.`)
  const path = join(folder, info.file_name)
  const files = (await stat(path)).isDirectory() ? (await readdir(path)).map(name => join(path, name)) : [path]
  if (new Set(files.map(extname)).size !== 1 || extname(files[0] ?? '') !== '.json') {
    throw new Error('The files of a data set must be of one type.')
  }
  const rows: unknown[] = []
  for (const file of files.sort()) rows.push(...z.array(z.unknown()).parse(JSON.parse(await readFile(file, 'utf8'))))
  return Promise.all(rows.map(row => convert(folder, info, z.record(z.string(), z.unknown()).parse(row))))
}

type Description = z.infer<typeof Info>[string]

async function convert(folder: string, info: Description, row: Record<string, unknown>): Promise<Example> {
  const { columns, tags, ranking } = info
  const Message = z.record(z.string(), z.string())
  const read = (message: unknown, role: string) => {
    const parsed = Message.parse(message)
    if (parsed[tags.role_tag] !== role) throw new Error(`Invalid role tag in ${JSON.stringify(message)}.`)
    return parsed[tags.content_tag] ?? ''
  }
  const messages = z
    .array(z.unknown())
    .parse(row[columns.messages])
    .map((message, index) => read(message, index % 2 === 0 ? tags.user_tag : tags.assistant_tag))
  if (messages.length % 2 !== (ranking ? 1 : 0)) throw new Error('Invalid message count.')
  const prompt = ranking ? messages : messages.slice(0, -1)
  const responses = ranking
    ? [columns.chosen, columns.rejected].map(name => read(row[name ?? ''], tags.assistant_tag))
    : messages.slice(-1)
  const images = columns.images ? z.array(z.string()).parse(row[columns.images]) : []
  for (const image of images) await stat(join(folder, image))
  const texts = [...prompt, ...responses].join('\n')
  const markers = texts.split('<image>').length - 1
  if (markers !== images.length) throw new Error(`${images.length} images for ${markers} <image> markers.`)
  if (/<video>|<audio>/.test(texts)) throw new Error('There are markers of media that are not given.')
  return { prompt, responses, images }
}
