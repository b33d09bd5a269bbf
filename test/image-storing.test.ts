import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CorruptImageError, EmptyUploadError, ImageTooLargeError } from '../src/images/errors.ts'
import { findImage } from '../src/images/image-row.ts'
import { loadPicture } from '../src/images/load-picture.ts'
import { acceptUpload, storePicture } from '../src/images/store-image.ts'
import { sql } from '../src/sql.ts'
import { StorageError } from '../src/storage/storage.ts'
import { type ImageSetup, openImages } from './support/image-setup.ts'
import { noise, noisePng } from './support/pictures.ts'

let setup: ImageSetup
let tenantId: string
beforeAll(async () => {
  setup = await openImages({ maxBytes: 2_000_000 })
  tenantId = await setup.createTenant()
})
afterAll(() => setup.close())

const upload = (bytes: Buffer, owner = tenantId) =>
  acceptUpload(setup.deps, { tenantId: owner, stream: Readable.from([bytes]) })
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const countImages = async () => {
  const { rows } = await setup.deps.db.query<{ count: number }>(sql`select count(*)::int as count from image`)
  return rows[0]?.count
}

describe('an uploaded image', () => {
  test('is kept under its tenant and its hash, and read back as it was stored', async () => {
    const bytes = await noisePng(40, 30)
    const image = await upload(bytes)
    const sha256 = hashOf(bytes)
    expect(image).toMatchObject({
      tenantId,
      status: 'READY',
      sha256,
      contentType: 'image/png',
      width: 40,
      height: 30,
      byteSize: bytes.length,
      objectKey: `${tenantId}/${sha256.slice(0, 2)}/${sha256}.png`,
    })
    expect((await loadPicture(setup.deps, image)).equals(bytes)).toBe(true)
    expect(await setup.spooledFiles()).toEqual([])
  })

  test('is one row however often and in whatever clothes it comes', async () => {
    const bytes = await noise(31, 17)
      .png()
      .withExif({ IFD0: { Artist: 'someone' } })
      .toBuffer()
    const before = await countImages()
    const first = await upload(bytes)
    const again = await upload(bytes)
    const stored = await upload(await loadPicture(setup.deps, first))
    const picture = await storePicture(setup.deps, tenantId, bytes)
    expect([again.id, stored.id, picture.id]).toEqual([first.id, first.id, first.id])
    expect(first.sha256).not.toBe(hashOf(bytes))
    expect(await countImages()).toBe((before ?? 0) + 1)
  })

  test('is one row when twenty send it at once', async () => {
    const bytes = await noisePng()
    const images = await Promise.all(Array.from({ length: 20 }, () => upload(bytes)))
    expect(new Set(images.map(({ id }) => id)).size).toBe(1)
    expect(images.every(({ status }) => status === 'READY')).toBe(true)
  })

  test('is touched each time it is used again', async () => {
    const bytes = await noisePng()
    const image = await upload(bytes)
    await setup.deps.db.query(sql`update image set touched_at = now() - interval '2 days' where id = ${image.id}::uuid`)
    await upload(bytes)
    const { rows } = await setup.deps.db.query<{ isFresh: boolean }>(
      sql`select touched_at > now() - interval '1 minute' as "isFresh" from image where id = ${image.id}::uuid`,
    )
    expect(rows).toEqual([{ isFresh: true }])
  })

  test("is another row, and another object, for another tenant, who cannot see the first's", async () => {
    const bytes = await noisePng()
    const other = await setup.createTenant()
    const [mine, theirs] = [await upload(bytes), await upload(bytes, other)]
    expect(mine.id).not.toBe(theirs.id)
    expect(mine.objectKey).not.toBe(theirs.objectKey)
    expect(await findImage(setup.deps.db, other, mine.id)).toBeNull()
    expect(await findImage(setup.deps.db, tenantId, mine.id)).toEqual(mine)
  })

  test('is put again where an earlier attempt died between row and object', async () => {
    const bytes = await noisePng()
    const image = await upload(bytes)
    await setup.deps.storage.remove([image.objectKey])
    await setup.deps.db.query(sql`update image set status = 'PENDING' where id = ${image.id}::uuid`)
    expect(await findImage(setup.deps.db, tenantId, image.id)).toBeNull()
    expect(await upload(bytes)).toMatchObject({ id: image.id, status: 'READY' })
    expect((await loadPicture(setup.deps, image)).equals(bytes)).toBe(true)
  })

  test('is not handed out when the store holds other bytes than were put', async () => {
    const image = await upload(await noisePng())
    await writeFile(join(setup.root, 'objects', image.objectKey), 'something else')
    await expect(loadPicture(setup.deps, image)).rejects.toBeInstanceOf(StorageError)
  })
})

describe('a refused upload', () => {
  test.each([
    ['without bytes', Buffer.alloc(0), EmptyUploadError, 'EMPTY_UPLOAD'],
    ['over the limit', Buffer.alloc(2_000_001), ImageTooLargeError, 'IMAGE_TOO_LARGE'],
    [
      'that only begins like a picture',
      Buffer.from('\x89PNG\r\n\x1a\n and no more', 'latin1'),
      CorruptImageError,
      'CORRUPT_IMAGE',
    ],
  ])('%s leaves neither row nor file', async (_what, bytes, type, code) => {
    const before = await countImages()
    const failure = await upload(bytes).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(type)
    expect(failure).toMatchObject({ code, field: 'file' })
    expect(await countImages()).toBe(before)
    expect(await setup.spooledFiles()).toEqual([])
  })
})
