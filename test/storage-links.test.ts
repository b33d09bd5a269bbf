import { randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { ObjectStorage } from '../src/storage/storage.ts'
import { storageDrivers, type TestStorage } from './support/storage-drivers.ts'

describe.each(storageDrivers(inject('s3Endpoint')))('signed links of the %s driver', (_name, open) => {
  let opened: TestStorage
  let storage: ObjectStorage
  beforeAll(async () => {
    opened = await open()
    storage = opened.storage
  })
  afterAll(() => opened.close())

  const folder = () => `t${randomUUID()}`
  const put = (key: string, bytes: Buffer) =>
    storage.put(key, Readable.from([bytes]), { contentType: 'image/png', byteSize: bytes.length })
  const read = async (key: string) => buffer(await storage.get(key))
  const soon = () => new Date(Date.now() + 60_000)
  const send = (link: { url: string; headers: Record<string, string> }, bytes: Buffer) =>
    fetch(link.url, { method: 'PUT', headers: link.headers, body: new Uint8Array(bytes) })

  test('let anyone read one object', async () => {
    const key = `${folder()}/signed.png`
    const bytes = randomBytes(1_000)
    await put(key, bytes)
    const answer = await fetch(await storage.signGet(key, soon()))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('image/png')
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true)
  })

  test('let anyone write one object, as often as they like', async () => {
    const key = `${folder()}/signed.png`
    const link = await storage.signPut(key, { contentType: 'image/png', byteSize: 5, expiresAt: soon() })
    expect((await send(link, Buffer.from('first'))).status).toBe(200)
    expect((await send(link, Buffer.from('again'))).status).toBe(200)
    expect((await read(key)).toString()).toBe('again')
  })

  test('are refused for another key, another method, another expiry and another signature', async () => {
    const at = folder()
    await put(`${at}/mine.png`, Buffer.from('mine'))
    await put(`${at}/yours.png`, Buffer.from('yours'))
    const get = await storage.signGet(`${at}/mine.png`, soon())
    const statuses = await Promise.all([
      fetch(get.replace('mine.png', 'yours.png')),
      fetch(get, { method: 'PUT', body: 'other' }),
      fetch(get, { method: 'DELETE' }),
      fetch(get.replace(/([?&](?:e|X-Amz-Expires)=)(\d+)/, '$19$2')),
      fetch(get.replace(/.$/, last => (last === '0' ? '1' : '0'))),
      fetch(get.split('?')[0] ?? ''),
    ])
    for (const answer of statuses) expect(answer.status).toBeGreaterThanOrEqual(400)
    const write = await storage.signPut(`${at}/mine.png`, {
      contentType: 'image/png',
      byteSize: 4,
      expiresAt: soon(),
    })
    expect((await fetch(write.url)).status).toBeGreaterThanOrEqual(400)
    expect((await read(`${at}/mine.png`)).toString()).toBe('mine')
  })

  test('end', async () => {
    const key = `${folder()}/signed.png`
    await put(key, Buffer.from('mine'))
    const links = [
      await storage.signGet(key, new Date(Date.now() + 1_000)),
      (await storage.signPut(key, { contentType: 'image/png', byteSize: 4, expiresAt: new Date(Date.now() + 1_000) }))
        .url,
    ]
    await expect
      .poll(async () => (await fetch(links[0] ?? '')).status, { timeout: 10_000, interval: 100 })
      .toBeGreaterThanOrEqual(403)
    const late = await fetch(links[1] ?? '', {
      method: 'PUT',
      body: 'late',
      headers: { 'content-type': 'image/png' },
    })
    expect(late.status).toBeGreaterThanOrEqual(403)
    expect((await read(key)).toString()).toBe('mine')
  })
})
