import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { InvalidInputError, NotFoundError } from '../src/errors.ts'
import { deleteImage } from '../src/images/delete-image.ts'
import {
  ImageTooLargeError,
  UnsupportedImageError,
  UploadMismatchError,
  UploadMissingError,
} from '../src/images/errors.ts'
import type { ImageDeps } from '../src/images/image-row.ts'
import { loadPicture } from '../src/images/load-picture.ts'
import { completeUpload, createUpload } from '../src/images/upload.ts'
import { sql } from '../src/sql.ts'
import { type ImageSetup, openImages } from './support/image-setup.ts'
import { noise, noisePng } from './support/pictures.ts'
import { storageDrivers, type TestStorage } from './support/storage-drivers.ts'

describe.each(storageDrivers(inject('s3Endpoint')))('an upload by a signed link of the %s driver', (_name, open) => {
  let setup: ImageSetup
  let opened: TestStorage
  let deps: ImageDeps
  let tenantId: string
  beforeAll(async () => {
    setup = await openImages({ maxBytes: 1_000_000 })
    opened = await open()
    deps = { ...setup.deps, storage: opened.storage }
    tenantId = await setup.createTenant()
  })
  afterAll(async () => {
    await opened.close()
    await setup.close()
  })

  const promise = (bytes: Buffer, changes: { contentType?: string; byteSize?: number; sha256?: string } = {}) =>
    createUpload(deps, { tenantId, contentType: 'image/png', byteSize: bytes.length, ...changes })
  const send = (upload: { url: string; headers: Record<string, string> }, bytes: Buffer) =>
    fetch(upload.url, { method: 'PUT', headers: upload.headers, body: new Uint8Array(bytes) })
  const complete = (uploadId: string, owner = tenantId) => completeUpload(deps, { tenantId: owner, uploadId })
  const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  const uploadsThere = async () => {
    const keys: string[] = []
    for await (const { key } of deps.storage.list(`uploads/${tenantId}/`)) keys.push(key)
    return keys
  }

  test('becomes an image, and leaves nothing else', async () => {
    const bytes = await noisePng(50, 40)
    const upload = await promise(bytes, { sha256: hashOf(bytes).toUpperCase() })
    expect(upload.expiresAt.getTime()).toBeGreaterThan(Date.now() + 3_000_000)
    expect((await send(upload, bytes)).status).toBe(200)
    const image = await complete(upload.uploadId)
    expect(image).toMatchObject({ tenantId, width: 50, height: 40, sha256: hashOf(bytes), status: 'READY' })
    expect((await loadPicture(deps, image)).equals(bytes)).toBe(true)
    expect(await uploadsThere()).toEqual([])
    expect(await setup.spooledFiles()).toEqual([])
  })

  test('gives the same image when it is completed again, and by rivals', async () => {
    const bytes = await noisePng()
    const upload = await promise(bytes)
    await send(upload, bytes)
    const rivals = await Promise.all(Array.from({ length: 5 }, () => complete(upload.uploadId)))
    const again = await complete(upload.uploadId)
    expect(new Set([...rivals, again].map(({ id }) => id)).size).toBe(1)
    expect(await uploadsThere()).toEqual([])
  })

  test('cannot be completed before anything arrived, and can be afterwards', async () => {
    const bytes = await noisePng()
    const upload = await promise(bytes)
    await expect(complete(upload.uploadId)).rejects.toBeInstanceOf(UploadMissingError)
    await send(upload, bytes)
    expect((await complete(upload.uploadId)).sha256).toBe(hashOf(bytes))
  })

  test('that is not what was promised is refused and removed, and the link still takes the right bytes', async () => {
    const bytes = await noisePng()
    const upload = await promise(bytes, { sha256: hashOf(bytes) })
    const other = Buffer.from(bytes)
    other[200] = (other[200] ?? 0) ^ 1
    await send(upload, other)
    const refusal = await complete(upload.uploadId).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(UploadMismatchError)
    expect(refusal).toMatchObject({ code: 'UPLOAD_MISMATCH', field: 'sha256' })
    expect(await uploadsThere()).toEqual([])
    await send(upload, bytes)
    expect((await complete(upload.uploadId)).sha256).toBe(hashOf(bytes))
  })

  test('of another size is refused', async () => {
    const bytes = await noisePng()
    const upload = await promise(bytes, { byteSize: bytes.length + 1 })
    // Only our own door looks at the size; S3 takes what comes, and we look afterwards.
    const { status } = await send(upload, bytes)
    const refusal = await complete(upload.uploadId).catch((error: unknown) => error)
    if (status === 200) expect(refusal).toMatchObject({ code: 'UPLOAD_MISMATCH', field: 'byteSize' })
    else expect(refusal).toBeInstanceOf(UploadMissingError)
    expect(await uploadsThere()).toEqual([])
  })

  test('of another kind than promised is refused', async () => {
    const jpeg = await noise(20, 20).jpeg().toBuffer()
    const upload = await promise(jpeg)
    await send(upload, jpeg)
    await expect(complete(upload.uploadId)).rejects.toMatchObject({
      code: 'UPLOAD_MISMATCH',
      field: 'contentType',
      message: expect.stringContaining('image/jpeg'),
    })
    expect(await uploadsThere()).toEqual([])
  })

  test('of a damaged picture is refused as such', async () => {
    const png = (await noisePng()).subarray(0, 900)
    const upload = await promise(png)
    await send(upload, png)
    await expect(complete(upload.uploadId)).rejects.toMatchObject({ code: 'CORRUPT_IMAGE' })
    expect(await uploadsThere()).toEqual([])
    expect(await setup.spooledFiles()).toEqual([])
  })

  test('is not there for another tenant, nor where none was created, nor once its image was deleted', async () => {
    const bytes = await noisePng()
    const upload = await promise(bytes)
    await send(upload, bytes)
    await expect(complete(upload.uploadId, await setup.createTenant())).rejects.toBeInstanceOf(NotFoundError)
    await expect(complete(randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'uploadId' })
    const image = await complete(upload.uploadId)
    await deleteImage(deps, { tenantId, imageId: image.id })
    await expect(complete(upload.uploadId)).rejects.toBeInstanceOf(NotFoundError)
  })

  test('is refused beforehand for what could never be taken', async () => {
    const before = await setup.deps.db.query(sql`select id from upload`)
    const ask = (changes: { contentType?: string; byteSize?: number; sha256?: string }) =>
      promise(Buffer.alloc(10), changes).catch((error: unknown) => error)
    expect(await ask({ contentType: 'image/svg+xml' })).toMatchObject({
      code: 'UNSUPPORTED_IMAGE',
      field: 'contentType',
    })
    expect(await ask({ contentType: 'image/png; x=y' })).toBeInstanceOf(UnsupportedImageError)
    expect(await ask({ byteSize: 1_000_001 })).toBeInstanceOf(ImageTooLargeError)
    expect(await ask({ byteSize: 1_000_001 })).toMatchObject({ maxBytes: 1_000_000, field: 'byteSize' })
    for (const byteSize of [0, -1, 1.5, Number.NaN]) {
      expect(await ask({ byteSize })).toMatchObject({ code: 'INVALID_INPUT', field: 'byteSize' })
    }
    for (const sha256 of ['', 'abc', 'g'.repeat(64)]) expect(await ask({ sha256 })).toBeInstanceOf(InvalidInputError)
    expect((await setup.deps.db.query(sql`select id from upload`)).rowCount).toBe(before.rowCount)
  })
})
