// verl's parquet (its data preparation page): prompt as messages with an <image> marker a picture, images as structs of bytes
// and path, and what a reward function is given.

import type { ExportFormat } from '../export-format.ts'
import { listSchema, packParquet, pictureSchema, plainSchema, structSchema } from '../pack-parquet.ts'
import { picturePath } from '../picture-path.ts'
import { toReadme } from '../readme.ts'
import { picturesOf, scoresOf, toQuestion } from '../tagged-step.ts'
import { isStep } from './is-kind.ts'

const columns = [
  { name: 'data_source', schema: plainSchema('data_source', 'string') },
  {
    name: 'prompt',
    schema: listSchema(
      'prompt',
      structSchema('element', [plainSchema('role', 'string'), plainSchema('content', 'string')]),
    ),
  },
  { name: 'images', schema: listSchema('images', pictureSchema('element')), isPlain: true },
  { name: 'ability', schema: plainSchema('ability', 'string') },
  {
    name: 'reward_model',
    schema: structSchema('reward_model', [plainSchema('style', 'string'), plainSchema('ground_truth', 'string')]),
  },
  {
    name: 'extra_info',
    schema: structSchema('extra_info', [
      plainSchema('split', 'string'),
      plainSchema('index', 'int32'),
      plainSchema('origin_prompt', 'string'),
      plainSchema('rewritten_prompt', 'string'),
      plainSchema('task', 'string'),
    ]),
  },
]

/** One row a step; `ground_truth` is the scores of the edited picture as JSON. Steps without scores are left out. */
export const verl: ExportFormat = {
  name: 'VERL',
  kinds: ['STEP'],
  pictures: ['INCLUDED'],
  subset: 'RL',
  takesLines: false,
  usesTemplate: true,
  limits: { samples: 100_000, bytes: 100_000_000 },
  shardPath: (split, number) => `${split}-${String(number).padStart(5, '0')}.parquet`,
  open(sink, { dataset, load, options, split }) {
    const file = packParquet(sink, columns)
    return {
      async add(item) {
        if (!isStep(item)) return false
        const step = item.content
        const scores = scoresOf(step)
        if (!scores) return false
        const content = toQuestion(step, options.template)
        const images = await Promise.all(
          picturesOf(step).map(async picture => ({ bytes: await load(picture), path: picturePath(picture) })),
        )
        const row = [
          dataset.name,
          [{ role: 'user', content }],
          images,
          'image-edit',
          { style: 'rule', ground_truth: JSON.stringify({ semantics: scores.semantic, quality: scores.quality }) },
          {
            split,
            index: item.position,
            origin_prompt: step.instruction,
            rewritten_prompt: step.prompt,
            task: step.task,
          },
        ]
        const size = images.reduce((sum, { bytes }) => sum + bytes.length, Buffer.byteLength(content))
        await file.add(row, size)
        return true
      },
      byteSize: file.byteSize,
      end: file.end,
    }
  },
  describe: summary => [
    {
      path: 'README.md',
      text: toReadme(summary, [
        'Parquet for verl. `reward_model.ground_truth` holds the scores of the edited picture as JSON, `extra_info` what a reward function needs besides.',
        `Point verl at the files: \`data.train_files="[${summary.splits[0]?.files.map(path => `'$PWD/${path}'`).join(',') ?? ''}]" data.image_key=images data.prompt_key=prompt\`, and name a reward function of your own by \`custom_reward_function.path\`.`,
      ]),
    },
  ],
}
