import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Uploads } from '../schema/context.ts'
import { encodeGlobalId } from '../schema/global-id.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { openTestApi, type TestApi } from './support/graphql.ts'
import { noisePng } from './support/pictures.ts'
import { createCaller } from './support/seed.ts'
import { newJob, seedModels, startJob } from './support/stage-driver.ts'

let api: TestApi
let caller: Caller

beforeAll(async () => {
  api = await openTestApi()
  await seedModels(api.db)
  caller = await createCaller(api.db, 'WRITE')
})
afterAll(() => api.close())

const UPLOAD = `mutation($file: File!) {
  uploadImage(file: $file) {
    __typename
    ... on UploadImageSuccess { image { id width height contentType byteSize sha256 } }
    ... on Error { code message } ... on InvalidInputError { field } ... on QuotaExceededError { limit }
    ... on EmptyUploadError { field } ... on UnsupportedImageError { field contentType }
  }
}`

const parts = (bytes: Buffer): Uploads => ({
  take: async () => ({ filename: 'photo.png', mimetype: 'image/png', stream: Readable.from([bytes]) }),
})
async function upload(bytes: Buffer, by = caller) {
  const { data, errors } = await api.run(by, UPLOAD, { file: 'part-1' }, parts(bytes))
  expect(errors).toEqual([])
  return data.uploadImage
}

test('an upload becomes an image, and the same content the same image', async () => {
  const bytes = await noisePng(40, 30)
  const { image } = await upload(bytes)
  expect(image).toMatchObject({ width: 40, height: 30, contentType: 'image/png' })
  expect((await upload(bytes)).image).toEqual(image)
  const other = await createCaller(api.db, 'WRITE')
  expect((await upload(bytes, other)).image.id).not.toBe(image.id)
})

test('what is no image is refused by its own error', async () => {
  expect(await upload(Buffer.alloc(0))).toMatchObject({ __typename: 'EmptyUploadError', field: 'file' })
  expect(await upload(Buffer.from('<svg/>'))).toMatchObject({ __typename: 'UnsupportedImageError', field: 'file' })
  const cut = (await noisePng(200, 200)).subarray(0, 5_000)
  expect(await upload(cut)).toMatchObject({ __typename: 'CorruptImageError', code: 'CORRUPT_IMAGE' })
})

test('a file that came without a multipart request is refused by its name', async () => {
  const { uploadImage } = await api.get(caller, UPLOAD, { file: 'part-1' })
  expect(uploadImage).toMatchObject({ __typename: 'InvalidInputError', field: 'file' })
})

test('new bytes over the quota are refused, known ones are not', async () => {
  const limited = await createCaller(api.db, 'WRITE')
  const known = await noisePng()
  const { image } = await upload(known, limited)
  const quotas = JSON.stringify({ maxStoredBytes: image.byteSize })
  await api.db.query('update tenant set quotas = $2::jsonb where id = $1', [limited.tenantId, quotas])
  expect(await upload(await noisePng(), limited)).toMatchObject({
    __typename: 'QuotaExceededError',
    limit: image.byteSize,
  })
  expect((await upload(known, limited)).image).toEqual(image)
})

const CREATE = `mutation($input: CreateUploadInput!) {
  createUpload(input: $input) {
    __typename
    ... on CreateUploadSuccess { uploadId url headers expiresAt }
    ... on Error { code message } ... on InvalidInputError { field } ... on ImageTooLargeError { field maxBytes }
    ... on UnsupportedImageError { field }
  }
}`
const COMPLETE = `mutation($uploadId: ID!) {
  completeUpload(uploadId: $uploadId) {
    __typename
    ... on CompleteUploadSuccess { image { id width } }
    ... on Error { code message } ... on UploadMismatchError { field } ... on NotFoundError { field }
  }
}`
const create = async (input: object) => (await api.get(caller, CREATE, { input })).createUpload
const complete = async (uploadId: string) => (await api.get(caller, COMPLETE, { uploadId })).completeUpload

test('an upload by link is stored once it was put and is what was announced', async () => {
  const bytes = await noisePng(24, 24)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const { uploadId, url, headers } = await create({ contentType: 'image/png', byteSize: bytes.length, sha256 })
  expect(await complete(uploadId)).toMatchObject({ __typename: 'UploadMissingError' })
  const put = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) })
  expect(put.status).toBe(200)
  const done = await complete(uploadId)
  expect(done).toMatchObject({ __typename: 'CompleteUploadSuccess', image: { width: 24 } })
  expect(await complete(uploadId)).toEqual(done)
})

test('an upload by link that is not what was announced is refused by what differs', async () => {
  const bytes = await noisePng()
  const { uploadId, url, headers } = await create({
    contentType: 'image/png',
    byteSize: bytes.length,
    sha256: 'a'.repeat(64),
  })
  await fetch(url, { method: 'PUT', headers, body: new Uint8Array(bytes) })
  expect(await complete(uploadId)).toMatchObject({ __typename: 'UploadMismatchError', field: 'sha256' })
})

test('a bad announcement is refused by name', async () => {
  expect(await create({ contentType: 'image/png', byteSize: 0 })).toMatchObject({ field: 'byteSize' })
  expect(await create({ contentType: 'image/png', byteSize: 1.5 })).toMatchObject({ field: 'byteSize' })
  expect(await create({ contentType: 'image/png', byteSize: 1, sha256: 'xyz' })).toMatchObject({ field: 'sha256' })
  expect(await create({ contentType: 'image/svg+xml', byteSize: 1 })).toMatchObject({ field: 'contentType' })
  const large = await create({ contentType: 'image/png', byteSize: 1e12 })
  expect(large).toMatchObject({ __typename: 'ImageTooLargeError', field: 'byteSize', maxBytes: 50_000_000 })
  expect(await complete('x')).toMatchObject({ __typename: 'NotFoundError', field: 'uploadId' })
})

test('an image that a job needs stays, and one that none needs is deleted', async () => {
  const document = `mutation($imageId: ID!) {
    deleteImage(imageId: $imageId) {
      __typename ... on DeleteImageSuccess { deletedId } ... on Error { code } ... on NotFoundError { field }
    }
  }`
  const remove = async (imageId: string) => (await api.get(caller, document, { imageId })).deleteImage
  const { image } = await upload(await noisePng())
  const source = Buffer.from(image.id, 'base64url').toString().split(':')[1] ?? ''
  const jobId = await startJob(api.db, caller.tenantId, newJob(source))
  expect(await remove(image.id)).toEqual({ __typename: 'ImageInUseError', code: 'IMAGE_IN_USE' })
  await api.db.query('delete from job where id = $1', [jobId])
  expect(await remove(image.id)).toEqual({ __typename: 'DeleteImageSuccess', deletedId: image.id })
  expect(await remove(image.id)).toMatchObject({ __typename: 'NotFoundError', field: 'imageId' })
  expect(await remove(encodeGlobalId('Job', source))).toMatchObject({ __typename: 'NotFoundError', field: 'imageId' })
})
