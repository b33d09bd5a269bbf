import { z } from 'zod'
import { ImageInUseError, InvalidInputError, NotFoundError, QuotaExceededError } from '../../src/errors.ts'
import { deleteImage } from '../../src/images/delete-image.ts'
import * as refusals from '../../src/images/errors.ts'
import { acceptUpload } from '../../src/images/store-image.ts'
import { type CreatedUpload, completeUpload, createUpload } from '../../src/images/upload.ts'
import { builder } from '../builder.ts'
import { toGraphQLError } from '../errors-to-graphql.ts'
import { encodeGlobalId, toUuid } from '../global-id.ts'
import { optional } from '../jobs/edit-input.ts'
import { successType } from '../jobs/job-result.ts'
import { parseInput, textOf } from '../parse-input.ts'
import { Image } from './image.ts'

/** Why the content of an upload may be refused. */
const contentErrors = [
  refusals.ImageTooLargeError,
  refusals.ImageTooManyPixelsError,
  refusals.ImageTooManyFramesError,
  refusals.ImageTooSlowError,
  refusals.UnsupportedImageError,
  refusals.CorruptImageError,
  refusals.EmptyUploadError,
] as const

function makeImageSuccess(name: string) {
  return builder.objectRef<{ imageId: string }>(name).implement({
    description: 'The image is stored; the same content again gives the same image.',
    fields: t => ({
      image: t.prismaField({
        type: Image,
        description: 'The image.',
        resolve: async (query, { imageId }, _args, { deps, caller }) => {
          const where = { id: imageId, tenantId: caller.tenantId }
          const image = await deps.prisma.image.findUnique({ ...query, where })
          if (image === null) throw toGraphQLError(new NotFoundError('image', 'image')) // deleted just now
          return image
        },
      }),
    }),
  })
}

const UploadImageResult = builder.errorUnion('UploadImageResult', {
  description: 'What became of an upload.',
  types: [
    makeImageSuccess('UploadImageSuccess'),
    InvalidInputError,
    QuotaExceededError,
    ...contentErrors,
    refusals.UploadAbortedError,
  ],
  resolveType: successType('UploadImageSuccess'),
})

const CompleteUploadResult = builder.errorUnion('CompleteUploadResult', {
  description: 'What became of an upload by link.',
  types: [
    makeImageSuccess('CompleteUploadSuccess'),
    NotFoundError,
    QuotaExceededError,
    ...contentErrors,
    refusals.UploadMissingError,
    refusals.UploadMismatchError,
  ],
  resolveType: successType('CompleteUploadSuccess'),
})

const CreateUploadSuccess = builder.objectRef<CreatedUpload>('CreateUploadSuccess').implement({
  description: 'PUT the bytes to `url` with exactly these `headers`, then call `completeUpload`.',
  fields: t => ({
    uploadId: t.id({
      description: 'For `completeUpload`.',
      resolve: ({ uploadId }) => encodeGlobalId('Upload', uploadId),
    }),
    url: t.exposeString('url', { description: 'A signed link that takes one kind of body: what was announced.' }),
    headers: t.field({
      type: 'JSON',
      description: 'An object of header names and values to send.',
      resolve: ({ headers }) => headers,
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the link ends, an hour from now.' }),
  }),
})

const CreateUploadResult = builder.errorUnion('CreateUploadResult', {
  description: 'What became of an announced upload.',
  types: [CreateUploadSuccess, InvalidInputError, refusals.ImageTooLargeError, refusals.UnsupportedImageError],
  resolveType: successType('CreateUploadSuccess'),
})

const DeleteImageSuccess = builder.objectRef<{ imageId: string }>('DeleteImageSuccess').implement({
  description: 'The image is gone, with its bytes and variants.',
  fields: t => ({
    deletedId: t.id({
      description: 'The global id it had.',
      resolve: ({ imageId }) => encodeGlobalId('Image', imageId),
    }),
  }),
})

const DeleteImageResult = builder.errorUnion('DeleteImageResult', {
  description: 'What became of a deletion.',
  types: [DeleteImageSuccess, NotFoundError, ImageInUseError],
  resolveType: successType('DeleteImageSuccess'),
})

const CreateUploadInput = builder.inputType('CreateUploadInput', {
  description: 'What will be uploaded.',
  fields: t => ({
    contentType: t.string({
      required: true,
      description: '`image/png`, `image/jpeg`, `image/webp`, `image/gif`, `image/tiff` or `image/bmp`.',
    }),
    byteSize: t.float({ required: true, description: 'Exactly how many bytes, a whole number above 0.' }),
    sha256: t.string({ description: 'SHA-256 of the bytes in hex; null: not checked.' }),
  }),
})

const uploadRule = z.object({
  contentType: textOf(1, 100),
  byteSize: z.number(),
  sha256: optional(textOf(1, 100)),
})

builder.mutationFields(t => ({
  uploadImage: t.field({
    type: UploadImageResult,
    description:
      'Stores an image that is sent along (GraphQL multipart request specification). Upright, without metadata; PNG, TIFF, GIF and BMP become PNG.',
    args: { file: t.arg({ type: 'File', required: true, description: 'The file; its content decides what it is.' }) },
    resolve: async (_root, { file }, { deps, caller, uploads }) => {
      if (uploads === null) {
        throw new InvalidInputError('file', 'The file must be a part of a multipart request, named by its "map".')
      }
      const { stream } = await uploads.take(file)
      const image = await acceptUpload(deps.images, { tenantId: caller.tenantId, stream })
      return { imageId: image.id }
    },
  }),
  createUpload: t.field({
    type: CreateUploadResult,
    description: 'Opens an upload by a signed link, past the API: PUT the bytes there, then call `completeUpload`.',
    args: { input: t.arg({ type: CreateUploadInput, required: true, description: 'What will come.' }) },
    resolve: (_root, { input }, { deps, caller }) =>
      createUpload(deps.images, { tenantId: caller.tenantId, ...parseInput(uploadRule, input) }),
  }),
  completeUpload: t.field({
    type: CompleteUploadResult,
    description: 'Checks what was PUT against what was announced and stores it. Called again it gives the same image.',
    args: { uploadId: t.arg.id({ required: true, description: 'Of `createUpload`.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const uploadId = toUuid(args.uploadId, 'Upload')
      if (uploadId === null) throw new NotFoundError('uploadId', 'upload')
      const image = await completeUpload(deps.images, { tenantId: caller.tenantId, uploadId })
      return { imageId: image.id }
    },
  }),
  deleteImage: t.field({
    type: DeleteImageResult,
    description: 'Deletes an image that no job needs.',
    args: { imageId: t.arg.id({ required: true, description: 'Global id of the Image.' }) },
    resolve: async (_root, args, { deps, caller }) => {
      const imageId = toUuid(args.imageId, 'Image')
      if (imageId === null) throw new NotFoundError('imageId', 'image')
      await deleteImage(deps.images, { tenantId: caller.tenantId, imageId })
      return { imageId }
    },
  }),
}))
