import type { IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import * as undici from 'undici'
import { expect, test } from 'vitest'
import { encodeMultipart, type FormPart } from '../workers/engines/encode-multipart.ts'
import { makeHttpClient } from '../workers/engines/http.ts'
import { serveHttp } from './support/serve-http.ts'

const png = (bytes: Buffer) => ({ bytes, contentType: 'image/png' })
const boundaryOf = (contentType: string | null) => /^multipart\/form-data; boundary=(\S+)$/.exec(contentType ?? '')?.[1]

/** What Node's own parser reads: texts, and files as name, type and bytes. */
async function parse({ contentType, body }: ReturnType<typeof encodeMultipart>) {
  const form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData()
  const read = async (value: string | File) =>
    typeof value === 'string' ? value : [value.name, value.type, Buffer.from(await value.arrayBuffer())]
  return Promise.all([...form].map(async ([name, value]) => [name, await read(value)]))
}

const text = (name: string, value: string): FormPart => ({ name, text: value })

test('a form is written as the standard has it', () => {
  const { contentType, body } = encodeMultipart([
    text('prompt', 'a sky'),
    { name: 'image', filename: 'image-1.png', picture: png(Buffer.from('PNG')) },
  ])
  const boundary = boundaryOf(contentType) ?? 'none'
  expect(boundary).toMatch(/^[\w-]{30,70}$/)
  expect(body.toString('latin1').split('\r\n')).toEqual([
    `--${boundary}`,
    'Content-Disposition: form-data; name="prompt"',
    '',
    'a sky',
    `--${boundary}`,
    'Content-Disposition: form-data; name="image"; filename="image-1.png"',
    'Content-Type: image/png',
    '',
    'PNG',
    `--${boundary}--`,
    '',
  ])
})

test.each([
  ['an empty text', 'size', ''],
  ['quotes and backslashes', 'prompt', 'a "blue" \\"sky\\" \\'],
  ['letters beyond ASCII', 'prompt', 'ein Bär, 空, 🎨'],
  ['what looks like the end of a part', 'prompt', 'a\r\n--\r\n\r\n------pentimento--\r\nb'],
  ['what looks like a header', 'prompt', 'a\r\nContent-Disposition: form-data; name="seed"\r\n\r\n1'],
  ['a name with quotes, line ends and umlauts', 'a "quoted"\r\nnäme; filename="x"', 'value'],
  ['percent signs', 'a%41b', '100%0A'],
])('%s comes out of a parser as it went in', async (_, name, value) => {
  expect(await parse(encodeMultipart([text(name, value), text('last', 'x')]))).toEqual([
    [name, value],
    ['last', 'x'],
  ])
})

test('line ends of a text become CRLF, those of a picture stay', async () => {
  const picture = png(Buffer.from('\n\r\n\r'))
  const form = encodeMultipart([text('prompt', 'a\nb\rc\r\nd\n\re'), { name: 'image', filename: 'a.png', picture }])
  expect(await parse(form)).toEqual([
    ['prompt', 'a\r\nb\r\nc\r\nd\r\n\r\ne'],
    ['image', ['a.png', 'image/png', picture.bytes]],
  ])
})

test('several pictures under one name keep their order, names, types and bytes', async () => {
  const other = boundaryOf(encodeMultipart([]).contentType)
  const pictures = [
    png(Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))),
    { bytes: Buffer.from(`\r\n--${other}\r\n\r\n--${other}--\r\n--`), contentType: 'image/jpeg' },
    { bytes: Buffer.alloc(0), contentType: 'image/webp' },
  ]
  const parts = pictures.map((picture, index) => ({ name: 'image[]', filename: `ä "${index}"\n.png`, picture }))
  const files = pictures.map(({ bytes, contentType }, index) => [`ä "${index}"\n.png`, contentType, bytes])
  expect(await parse(encodeMultipart([text('n', '1'), ...parts, text('n', '2')]))).toEqual([
    ['n', '1'],
    ...files.map(file => ['image[]', file]),
    ['n', '2'],
  ])
})

test('no two forms share a boundary', () => {
  const boundaries = Array.from({ length: 100 }, () => boundaryOf(encodeMultipart([]).contentType))
  expect(new Set(boundaries).size).toBe(100)
})

test("any form has the bytes of undici's own, but for the boundary", async () => {
  const awkward = fc.string({
    unit: fc.constantFrom('\r', '\n', '"', '%0A', '-', ';', '\\', '\0', 'a', 'é', '空', '\ud800'),
  })
  const words = fc.oneof(awkward, fc.string({ unit: 'binary' }))
  const picture = fc.record({
    bytes: fc.uint8Array().map(bytes => Buffer.from(bytes)),
    contentType: fc.constantFrom('image/png', 'image/jpeg', 'image/webp'),
  })
  const part: fc.Arbitrary<FormPart> = fc.oneof(
    fc.record({ name: words, text: words }),
    fc.record({ name: words, filename: words.filter(name => name !== ''), picture }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 5 }), async parts => {
      const form = new undici.FormData()
      for (const each of parts) {
        if ('text' in each) form.append(each.name, each.text)
        else {
          const { bytes, contentType } = each.picture
          form.append(each.name, new Blob([new Uint8Array(bytes)], { type: contentType }), each.filename)
        }
      }
      const response = new undici.Response(form)
      const [ours, theirs] = [encodeMultipart(parts), Buffer.from(await response.arrayBuffer())]
      const known = (bytes: Buffer, contentType: string | null) =>
        bytes.toString('latin1').replaceAll(boundaryOf(contentType) ?? 'none', 'BOUNDARY')
      expect(known(ours.body, ours.contentType)).toBe(known(theirs, response.headers.get('content-type')))
    }),
  )
})

test('a form is sent whole, with its length', async () => {
  const seen: { headers: IncomingHttpHeaders; body: Buffer }[] = []
  const server = await serveHttp(async (request, response) => {
    seen.push({ headers: request.headers, body: await buffer(request) })
    response.end('{}')
  })
  const http = makeHttpClient()
  const picture = png(Buffer.alloc(3_000_000, 'x'))
  const { contentType, body } = encodeMultipart([{ name: 'image', filename: 'a.png', picture }])
  const headers = { 'content-type': contentType }
  await http.send({ method: 'POST', url: server.origin, headers, body }, AbortSignal.timeout(10_000))
  await http.close()
  await server.close()
  expect(seen).toHaveLength(1)
  expect(seen[0]?.headers).toMatchObject({ 'content-type': contentType, 'content-length': String(body.length) })
  expect(seen[0]?.headers).not.toHaveProperty('transfer-encoding')
  expect(seen[0]?.body.equals(body)).toBe(true)
})
