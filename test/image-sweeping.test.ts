import { randomUUID } from 'node:crypto'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ImageInUseError, NotFoundError } from '../src/errors.ts'
import { deleteImage } from '../src/images/delete-image.ts'
import { findImage, type ImageDeps, type ImageRow } from '../src/images/image-row.ts'
import { variantsOf } from '../src/images/image-variant.ts'
import { loadPicture } from '../src/images/load-picture.ts'
import { acceptUpload } from '../src/images/store-image.ts'
import { sweepImages, sweepVariants } from '../src/images/sweep-images.ts'
import { createUpload } from '../src/images/upload.ts'
import { sql } from '../src/sql.ts'
import { StorageError } from '../src/storage/storage.ts'
import { type ImageSetup, openImages } from './support/image-setup.ts'
import { noisePng } from './support/pictures.ts'
import { seedJob, seedRound } from './support/seed-job.ts'

let setup: ImageSetup
let deps: ImageDeps
let tenantId: string
beforeAll(async () => {
  setup = await openImages()
  deps = setup.deps
  tenantId = await setup.createTenant()
})
afterAll(() => setup.close())

const upload = async (bytes?: Buffer) =>
  acceptUpload(deps, { tenantId, stream: Readable.from([bytes ?? (await noisePng())]) })
const age = (image: ImageRow, hours = 25) =>
  deps.db.query(sql`update image set touched_at = now() - make_interval(hours => ${hours}::int4)
                    where id = ${image.id}::uuid`)
const uploadOld = async () => {
  const image = await upload()
  await age(image)
  return image
}
const statusOf = async (image: ImageRow) => {
  const { rows } = await deps.db.query<{ status: string }>(
    sql`select status::text as status from image where id = ${image.id}::uuid`,
  )
  return rows[0]?.status ?? null
}
const isStored = async (image: ImageRow) => (await deps.storage.stat(image.objectKey)) !== null
const putVariant = async (image: ImageRow) => {
  const key = `${variantsOf(image.objectKey)}w9-1.webp`
  await deps.storage.put(key, Readable.from(['x']), { contentType: 'image/webp', byteSize: 1 })
  return key
}

/** The places where an image can be needed, and a way to make a new job need it there. */
const places = ['source', 'mask', 'reference', 'picture', 'round', 'base'] as const
const needs = places.map(
  place => [place, async (image: ImageRow) => need((await seedJob(deps.db, tenantId)).jobId, image, place)] as const,
)

async function need(jobId: string, { id }: ImageRow, place: (typeof places)[number]) {
  const { db } = deps
  if (place === 'source') return db.query(sql`update job set source_id = ${id}::uuid where id = ${jobId}::uuid`)
  if (place === 'mask')
    return db.query(sql`update job set kind = 'FILL', mask_id = ${id}::uuid where id = ${jobId}::uuid`)
  if (place === 'reference') {
    return db.query(sql`insert into job_reference (job_id, position, image_id) values (${jobId}::uuid, 0, ${id}::uuid)`)
  }
  if (place === 'picture') {
    return db.query(sql`insert into job_picture (job_id, name, image_id) values (${jobId}::uuid, 'truth', ${id}::uuid)`)
  }
  const roundId = await seedRound(db, jobId, 1)
  if (place === 'round') return db.query(sql`update round set image_id = ${id}::uuid where id = ${roundId}::uuid`)
  return db.query(sql`update round set base_image_id = ${id}::uuid where id = ${roundId}::uuid`)
}

describe('the sweeper', () => {
  test('removes what nobody needs and nobody touched for a day: row, object and variants', async () => {
    const [old, young] = [await uploadOld(), await upload()]
    const variant = await putVariant(old)
    const swept = await sweepImages(deps)
    expect(swept.images).toBe(1)
    expect([await statusOf(old), await isStored(old), await deps.storage.stat(variant)]).toEqual([null, false, null])
    expect([await statusOf(young), await isStored(young)]).toEqual(['READY', true])
    expect((await sweepImages(deps)).images).toBe(0)
  })

  test.each(needs)('leaves an image that a job needs: %s', async (_place, makeNeeded) => {
    const image = await uploadOld()
    await makeNeeded(image)
    await sweepImages(deps)
    expect([await statusOf(image), await isStored(image)]).toEqual(['READY', true])
  })

  test('knows every place that can point to an image', async () => {
    const { rows } = await deps.db.query<{ place: string }>(
      sql`select conrelid::regclass::text || '.' || attname as place
          from pg_constraint join pg_attribute on attrelid = conrelid and attnum = any(conkey)
          where contype = 'f' and confrelid = 'image'::regclass and confdeltype <> 'n' order by 1`,
    )
    expect(rows.map(({ place }) => place)).toEqual([
      'job.mask_id',
      'job.source_id',
      'job_picture.image_id',
      'job_reference.image_id',
      'round.base_image_id',
      'round.image_id',
    ])
  })

  test('removes the row that a put which never ended left behind', async () => {
    const image = await uploadOld()
    await deps.storage.remove([image.objectKey])
    await deps.db.query(sql`update image set status = 'PENDING' where id = ${image.id}::uuid`)
    await sweepImages(deps)
    expect(await statusOf(image)).toBeNull()
  })

  test('finishes later what the store did not let it finish, and the image can be stored anew in between', async () => {
    const bytes = await noisePng()
    const image = await upload(bytes)
    await age(image)
    const failing = { ...deps.storage, remove: () => Promise.reject(new StorageError('It is away.')) }
    await expect(sweepImages({ ...deps, storage: failing })).rejects.toBeInstanceOf(StorageError)
    expect(await statusOf(image)).toBe('PENDING')
    expect(await findImage(deps.db, tenantId, image.id)).toBeNull()

    expect(await upload(bytes)).toMatchObject({ id: image.id, status: 'READY' })
    expect((await loadPicture(deps, image)).equals(bytes)).toBe(true)
    await age(image)
    await expect(sweepImages({ ...deps, storage: failing })).rejects.toBeInstanceOf(StorageError)
    expect((await sweepImages(deps)).images).toBe(1)
    expect([await statusOf(image), await isStored(image)]).toEqual([null, false])
  })

  test('gives an image back that a job came to need between its two steps', async () => {
    const image = await uploadOld()
    expect(await sweepImages(betweenSteps(() => needs[0]?.[1](image)))).toMatchObject({ images: 0 })
    expect([await statusOf(image), await isStored(image)]).toEqual(['READY', true])
  })

  test('gives an image back that a job needs and a dead sweeper left half removed', async () => {
    const image = await uploadOld()
    const dying = betweenSteps(async () => {
      await needs[3]?.[1](image)
      throw new Error('killed')
    })
    await expect(sweepImages(dying)).rejects.toThrow('killed')
    expect(await statusOf(image)).toBe('PENDING')
    await sweepImages(deps)
    expect([await statusOf(image), await isStored(image)]).toEqual(['READY', true])
  })

  test('removes uploads a day after their link ended, with what lies there', async () => {
    const uploads = await Promise.all(
      [1, 2].map(() => createUpload(deps, { tenantId, contentType: 'image/png', byteSize: 1 })),
    )
    for (const { url, headers } of uploads) await fetch(url, { method: 'PUT', headers, body: 'x' })
    await deps.db.query(sql`update upload set expires_at = now() - interval '25 hours'
                            where id = ${uploads[0]?.uploadId}::uuid`)
    expect((await sweepImages(deps)).uploads).toBe(1)
    const keys: string[] = []
    for await (const { key } of deps.storage.list(`uploads/${tenantId}/`)) keys.push(key)
    expect(keys).toEqual([`uploads/${tenantId}/${uploads[1]?.uploadId}.png`])
  })

  test('removes files that a crash left in the spool a day ago, and no others', async () => {
    await mkdir(deps.directory, { recursive: true })
    const old = new Date(Date.now() - 25 * 3_600_000)
    for (const name of ['spool-old', 'spool-new', 'other-old']) {
      await writeFile(join(deps.directory, name), 'x')
      if (name.endsWith('old')) await utimes(join(deps.directory, name), old, old)
    }
    expect((await sweepImages(deps)).files).toBe(1)
    expect((await readdir(deps.directory)).sort()).toEqual(['other-old', 'spool-new'])
  })

  test('removes variants after a month', async () => {
    const image = await upload()
    const variant = await putVariant(image)
    expect(await sweepVariants(deps)).toBe(0)
    expect(await sweepVariants(deps, Date.now() + 31 * 24 * 3_600_000)).toBeGreaterThan(0)
    expect(await deps.storage.stat(variant)).toBeNull()
    expect(await isStored(image)).toBe(true)
  })
})

describe('deleting an image', () => {
  test('removes row, object and variants at once', async () => {
    const image = await upload()
    const variant = await putVariant(image)
    await deleteImage(deps, { tenantId, imageId: image.id })
    expect([await statusOf(image), await isStored(image), await deps.storage.stat(variant)]).toEqual([
      null,
      false,
      null,
    ])
    await expect(deleteImage(deps, { tenantId, imageId: image.id })).rejects.toBeInstanceOf(NotFoundError)
  })

  test.each(needs)('is refused while a job needs it: %s', async (_place, need) => {
    const image = await upload()
    await need(image)
    await expect(deleteImage(deps, { tenantId, imageId: image.id })).rejects.toBeInstanceOf(ImageInUseError)
    expect([await statusOf(image), await isStored(image)]).toEqual(['READY', true])
  })

  test("finds no image of another tenant's", async () => {
    const image = await upload()
    const target = { tenantId: await setup.createTenant(), imageId: image.id }
    await expect(deleteImage(deps, target)).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'imageId' })
    await expect(deleteImage(deps, { tenantId, imageId: randomUUID() })).rejects.toBeInstanceOf(NotFoundError)
    expect(await statusOf(image)).toBe('READY')
  })

  test('against storing the same bytes, many times over, never leaves a row without its object or an object without its row', async () => {
    const bytes = await noisePng()
    let image = await upload(bytes)
    for (let round = 0; round < 60; round++) {
      const { id: imageId } = image
      const [, ...stored] = await Promise.allSettled([
        deleteImage(deps, { tenantId, imageId }),
        upload(bytes),
        upload(bytes),
      ])
      expect(stored.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
      expect(await isStored(image)).toBe((await statusOfBytes(image)) === 'READY')
      image = await upload(bytes)
      expect((await loadPicture(deps, image)).equals(bytes)).toBe(true)
    }
  })
})

async function statusOfBytes({ sha256 }: ImageRow): Promise<string | null> {
  const { rows } = await deps.db.query<{ status: string }>(
    sql`select status::text as status from image where tenant_id = ${tenantId}::uuid and sha256 = ${sha256}`,
  )
  return rows[0]?.status ?? null
}

/** The same deps; `meanwhile` runs after the first transaction has committed and before the second begins. */
function betweenSteps(meanwhile: () => Promise<unknown> | undefined): ImageDeps {
  let begun = 0
  const { db } = deps
  return {
    ...deps,
    db: {
      ...db,
      async transaction(work) {
        begun++
        if (begun === 2) await meanwhile()
        return db.transaction(work)
      },
    },
  }
}
