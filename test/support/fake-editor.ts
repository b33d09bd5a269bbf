import type { IncomingMessage } from 'node:http'
import { type FakeBehavior, type FakeModelServer, startFakeModelServer } from './fake-model-server.ts'
import { paintPicture } from './paint-picture.ts'

/** What arrived in one multipart edit request. */
export type SeenEdit = {
  authorization: string | null
  fields: Record<string, string>
  files: { field: string; name: string; type: string; bytes: Buffer }[]
}

/** A server of /v1/images/edits. It paints a picture of `sizePx` in a color that prompt and seed decide. */
export type FakeEditor = FakeModelServer & { readonly edits: readonly SeenEdit[] }

/** `answer` replaces the body of a good answer. */
export async function startFakeEditor(
  options: {
    behavior?: FakeBehavior
    port?: number
    random?: () => number
    sizePx?: number
    answer?: (edit: SeenEdit, picture: Buffer) => unknown
  } = {},
): Promise<FakeEditor> {
  const { sizePx = 16, answer = toBase64Answer, ...rest } = options
  const edits: SeenEdit[] = []
  const server = await startFakeModelServer({
    ...rest,
    posts: {
      '/images/edits': async (request, body) => {
        const edit = await readEdit(request, body)
        edits.push(edit)
        const { prompt, seed } = edit.fields
        return answer(edit, await paintPicture(`${prompt} ${seed}`, { width: sizePx, height: sizePx }))
      },
    },
  })
  return Object.defineProperty(server, 'edits', { value: edits }) as FakeEditor // the getters of the server stay alive
}

function toBase64Answer(_: SeenEdit, picture: Buffer): unknown {
  return { created: 1, data: [{ b64_json: picture.toString('base64') }], output_format: 'png' }
}

/** The fields and files of a multipart request. */
export async function readEdit(request: IncomingMessage, body: Buffer): Promise<SeenEdit> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' }
  const form = await new Response(new Uint8Array(body), { headers }).formData()
  const edit: SeenEdit = { authorization: request.headers.authorization ?? null, fields: {}, files: [] }
  for (const [field, value] of form.entries()) {
    if (typeof value === 'string') edit.fields[field] = value
    else {
      const bytes = Buffer.from(await value.arrayBuffer())
      edit.files.push({ field, name: value.name, type: value.type, bytes })
    }
  }
  return edit
}
