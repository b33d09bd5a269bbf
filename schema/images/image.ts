import { InvalidInputError } from '../../src/errors.ts'
import { imageUrl } from '../../src/images/image-link.ts'
import type { StoredType } from '../../src/images/normalize-image.ts'
import { builder } from '../builder.ts'
import { ImageFormat } from '../enums.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { toUuid } from '../global-id.ts'

export const Image = builder.prismaNode('Image', {
  id: { field: 'id' },
  nullable: true,
  findUnique: (id, context) => ({ id, tenantId: context.caller.tenantId, status: 'READY' }),
  description: 'A stored picture, upright and without metadata. Never changed.',
  fields: t => ({
    width: t.exposeInt('width', { description: 'In pixels.' }),
    height: t.exposeInt('height', { description: 'In pixels.' }),
    contentType: t.exposeString('contentType', { description: '`image/png`, `image/jpeg` or `image/webp`.' }),
    byteSize: t.float({
      description: 'Bytes as stored.',
      resolve: image => Number(image.byteSize),
    }),
    sha256: t.exposeString('sha256', { description: 'SHA-256 of the stored bytes, in hex.' }),
    url: t.string({
      description:
        'A link anyone may GET until it expires, 24 to 25 hours from now. Without arguments it gives the stored bytes.',
      args: {
        width: t.arg.int({ description: 'A variant this wide, 1 to 4096 pixels; never wider than the original.' }),
        format: t.arg({ type: ImageFormat, description: "The variant's encoding; null: as stored." }),
      },
      resolve: ({ objectKey, width, contentType }, args, { deps }) => {
        try {
          // The column holds what src/images wrote: one of the stored types.
          return imageUrl(
            deps.images.links,
            { objectKey, width, contentType: contentType as StoredType },
            {
              width: args.width ?? null,
              format: args.format ?? null,
            },
          )
        } catch (error) {
          throw error instanceof InvalidInputError ? toGraphQLError(error) : error
        }
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first stored.' }),
  }),
})

builder.queryField('image', t =>
  t.prismaField({
    type: Image,
    nullable: true,
    description: 'An image by its id; null where the tenant has none such.',
    args: { id: t.arg.id({ required: true, description: 'Global id of an Image.' }) },
    resolve: (query, _root, { id }, context) => {
      const uuid = toUuid(id, 'Image')
      if (uuid === null) return null
      const where = { id: uuid, tenantId: context.caller.tenantId, status: 'READY' as const }
      return context.deps.prisma.image.findUnique({ ...query, where })
    },
  }),
)
