import { z } from 'zod'
import { InvalidInputError } from '../../src/errors.ts'
import { reuseImages } from '../../src/images/reuse-images.ts'
import { builder } from '../builder.ts'
import { inPage } from '../complexity.ts'
import { successType } from '../jobs/job-result.ts'
import { parseInput } from '../parse-input.ts'
import { Image } from './image.ts'

const MAX_HASHES = 1_000

const ReuseImagesSuccess = builder.objectRef<{ ids: (string | null)[] }>('ReuseImagesSuccess').implement({
  description: 'What the tenant has stored already.',
  fields: t => ({
    images: t.field({
      type: t.listRef(Image, { nullable: true }),
      description: 'In the order of the hashes; null: not stored, so upload it.',
      complexity: inPage,
      resolve: async ({ ids }, _args, { deps, caller }) => {
        const wanted = ids.filter(id => id !== null)
        const where = { id: { in: wanted }, tenantId: caller.tenantId, status: 'READY' as const }
        const found = new Map((await deps.prisma.image.findMany({ where })).map(image => [image.id, image]))
        return ids.map(id => (id === null ? null : (found.get(id) ?? null)))
      },
    }),
  }),
})

const ReuseImagesResult = builder.errorUnion('ReuseImagesResult', {
  description: 'What became of looking for images.',
  types: [ReuseImagesSuccess, InvalidInputError],
  resolveType: successType('ReuseImagesSuccess'),
})

const hashesRule = z
  .array(z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'))
  .max(MAX_HASHES, `must have at most ${MAX_HASHES} items`)

builder.mutationField('reuseImages', t =>
  t.field({
    type: ReuseImagesResult,
    description:
      'Finds images by what would be uploaded, so that nothing is sent twice. What is found is kept for another day, as an upload of the same bytes would be.',
    args: {
      sha256: t.arg.stringList({
        required: true,
        description: `At most ${MAX_HASHES} SHA-256 in hex, of the bytes to upload or as \`Image.sha256\` has them.`,
      }),
    },
    complexity: ({ sha256 }) => ({ field: 1, multiplier: Math.max(1, sha256.length) }),
    resolve: async (_root, args, { deps, caller }) => {
      const hashes = parseInput(hashesRule, args.sha256, 'sha256')
      const known = await reuseImages(deps.db, caller.tenantId, hashes)
      return { ids: hashes.map(hash => known.get(hash) ?? null) }
    },
  }),
)
