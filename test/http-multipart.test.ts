import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noisePng } from './support/pictures.ts'
import { startTestServer, type TestServer } from './support/server.ts'
import { until, within } from './support/until.ts'

const maxBytes = 200_000

let server: TestServer
let png: Buffer
let temporary: string
beforeAll(async () => {
  // Where files are received, so that those of other tests are not counted.
  temporary = await mkdtemp(join(tmpdir(), 'pentimento-multipart-'))
  process.env.TMPDIR = temporary
  server = await startTestServer({ imageLimits: { maxBytes } })
  png = await noisePng(64, 48)
})
afterAll(async () => {
  await server.close()
  await rm(temporary, { recursive: true, force: true })
})

const mutation = `mutation ($file: File!) {
  uploadImage(file: $file) {
    __typename
    ... on UploadImageSuccess { image { id width height contentType } }
    ... on Error { code message }
    ... on ImageTooLargeError { maxBytes }
  }
}`
const operations = JSON.stringify({ query: mutation, variables: { file: null } })
const map = JSON.stringify({ 0: ['variables.file'] })

/** Sends these fields in order. */
async function send(fields: [string, string | Blob, string?][], headers: Record<string, string> = {}) {
  const form = new FormData()
  for (const [name, value, filename] of fields) {
    if (typeof value === 'string') form.append(name, value)
    else form.append(name, value, filename)
  }
  const response = await fetch(server.url, { method: 'POST', body: form, headers })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: JSON.parse(await response.text()),
  }
}

const upload = (bytes: Uint8Array<ArrayBuffer>, name = 'photo.png') =>
  send([
    ['operations', operations],
    ['map', map],
    ['0', new Blob([bytes]), name],
  ])

describe('a multipart request', () => {
  it('uploads an image, whatever its name says', async () => {
    const { status, body } = await upload(new Uint8Array(png), 'photo.exe')
    expect(status).toBe(200)
    const image = { id: expect.any(String), width: 64, height: 48, contentType: 'image/png' }
    expect(body).toEqual({ data: { uploadImage: { __typename: 'UploadImageSuccess', image } } })
  })

  it('may carry an operation without files', async () => {
    const fields: [string, string][] = [
      ['operations', JSON.stringify({ query: '{ __typename }' })],
      ['map', '{}'],
    ]
    expect(await send(fields)).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } })
    const accept = { accept: 'application/graphql-response+json' }
    expect((await send(fields, accept)).type).toMatch(/^application\/graphql-response\+json/)
  })

  it('may carry several files, taken in another order than they come in', async () => {
    const query = `mutation ($a: File!, $b: File!) {
      second: uploadImage(file: $b) { ... on UploadImageSuccess { image { width } } }
      first: uploadImage(file: $a) { ... on UploadImageSuccess { image { width } } }
    }`
    const { body } = await send([
      ['operations', JSON.stringify({ query, variables: { a: null, b: null } })],
      ['map', JSON.stringify({ a: ['variables.a'], b: ['variables.b'] })],
      ['a', new Blob([new Uint8Array(await noisePng(20, 20))]), 'a.png'],
      ['b', new Blob([new Uint8Array(await noisePng(30, 30))]), 'b.png'],
    ])
    expect(body).toEqual({ data: { second: { image: { width: 30 } }, first: { image: { width: 20 } } } })
  })

  it('with an empty file gets the typed error', async () => {
    const { body } = await upload(new Uint8Array(0))
    expect(body).toMatchObject({ data: { uploadImage: { __typename: 'EmptyUploadError', code: 'EMPTY_UPLOAD' } } })
  })

  it('with a file over the limit gets the typed error that names it, with 413', async () => {
    const { status, body } = await upload(new Uint8Array(maxBytes + 1))
    expect(status).toBe(413)
    expect(body).toMatchObject({ data: { uploadImage: { __typename: 'ImageTooLargeError', maxBytes } } })
  })

  it.each<[string, [string, string | Blob, string?][]]>([
    ['no operations', [['map', map]]],
    ['no map', [['operations', operations]]],
    [
      'the map first',
      [
        ['map', map],
        ['operations', operations],
      ],
    ],
    [
      'operations that are no JSON',
      [
        ['operations', '{'],
        ['map', map],
      ],
    ],
    [
      'a batch',
      [
        ['operations', `[${operations}]`],
        ['map', map],
      ],
    ],
    [
      'no query',
      [
        ['operations', '{}'],
        ['map', '{}'],
      ],
    ],
    [
      'a map that is no object',
      [
        ['operations', operations],
        ['map', '[]'],
      ],
    ],
    [
      'a file before the map',
      [
        ['operations', operations],
        ['0', new Blob(['x']), 'x.png'],
      ],
    ],
  ])('with %s is refused with 400', async (_what, fields) => {
    const { status, body } = await send(fields)
    expect(status).toBe(400)
    expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'BAD_REQUEST' } }] })
  })

  it('with a file that never comes gets the typed error', async () => {
    const { body } = await send([
      ['operations', operations],
      ['map', map],
    ])
    expect(body).toMatchObject({ data: { uploadImage: { __typename: 'UploadAbortedError' } } })
  })

  it('with more files than allowed is refused', async () => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [index, ['variables.file']]))
    const { status } = await send([
      ['operations', operations],
      ['map', JSON.stringify(many)],
    ])
    expect(status).toBe(413)
  })

  it('without a boundary is refused with 400', async () => {
    const headers = { 'content-type': 'multipart/form-data' }
    const response = await fetch(server.url, { method: 'POST', body: 'x', headers })
    expect(response.status).toBe(400)
  })

  it('takes no text of a JSON request for a file', async () => {
    for (const file of ['part-1', 'photo.png']) {
      expect(await server.query(mutation, { file })).toMatchObject({
        data: { uploadImage: { __typename: 'InvalidInputError' } },
      })
    }
  })
})

describe('a sender that leaves', () => {
  it('leaves no file behind, and no image', async () => {
    const countFiles = async () => {
      const spooled = await readdir(server.deps.images.directory).catch(() => [])
      return spooled.length + (await readdir(temporary)).filter(name => name.startsWith('capacitor-')).length
    }
    const before = await countFiles()
    const boundary = 'a-boundary'
    const part = (name: string, value: string, more = '') =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}`
    const head = `${part('operations', `${operations}\r\n`)}${part('map', `${map}\r\n`)}${part('0', '', '; filename="x.png"')}`
    const socket = connect(server.port, '127.0.0.1')
    const closed = new Promise(resolve => socket.once('close', resolve))
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${maxBytes}\r\n` +
        `content-type: multipart/form-data; boundary=${boundary}\r\n\r\n${head}`,
    )
    socket.write(png)
    await until('the file arrives', async () => (await countFiles()) > before)
    socket.destroy()
    await within('the connection closes', closed)
    await until('the files are gone', async () => (await countFiles()) === before)
  })
})
