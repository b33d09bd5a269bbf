import { setTimeout as sleep } from 'node:timers/promises'
import { fakeEditorModel, fakeThinkerModel } from './worker-setup.ts'

/** A client that only knows the API's address and keeps asking while nobody answers there. */
export type ApiSubmitter = {
  /** Uploads a picture; its global id. */
  upload(picture: Uint8Array<ArrayBuffer>): Promise<string>
  /** Starts an edit, or finds it again where its key was sent before; the job's global id. */
  startEdit(edit: { sourceId: string; instruction: string; idempotencyKey: string; maxRounds: number }): Promise<string>
}

const UPLOAD = 'mutation ($file: File!) { uploadImage(file: $file) { ... on UploadImageSuccess { image { id } } } }'
const START = `mutation ($input: StartEditInput!) {
  startEdit(input: $input) { ... on StartEditSuccess { job { id } } ... on Error { code message } }
}`
const LIMIT_MS = 240_000

/** `url` gives the address of today. An answer of the API that is a typed error rejects. */
export function makeApiSubmitter(url: () => string): ApiSubmitter {
  return {
    async upload(picture) {
      const form = new FormData()
      form.set('operations', JSON.stringify({ query: UPLOAD, variables: { file: null } }))
      form.set('map', '{"0":["variables.file"]}')
      form.set('0', new Blob([picture]), 'photo.png')
      const { uploadImage } = (await persist(url, { body: form })) as { uploadImage: { image: { id: string } } }
      return uploadImage.image.id
    },
    async startEdit({ maxRounds, ...edit }) {
      const models = { editor: fakeEditorModel, thinker: fakeThinkerModel }
      const input = { ...edit, ...models, settings: { maxRounds } }
      const body = JSON.stringify({ query: START, variables: { input } })
      const headers = { 'content-type': 'application/json' }
      const { startEdit } = (await persist(url, { body, headers })) as { startEdit: { job?: { id: string } } } // as asked
      if (!startEdit.job) throw new Error(`The edit was refused: ${JSON.stringify(startEdit)}`)
      return startEdit.job.id
    },
  }
}

/** Until it is answered with data: a dead server, one that has just lost its database and a cut answer are met again. */
async function persist(url: () => string, request: RequestInit): Promise<unknown> {
  const giveUpAt = Date.now() + LIMIT_MS
  for (;;) {
    try {
      const response = await fetch(url(), { ...request, method: 'POST', signal: AbortSignal.timeout(10_000) })
      const { data, errors } = (await response.json()) as { data?: unknown; errors?: unknown } // GraphQL's shape
      if (data && !errors) return data
      throw new Error(`The API answered ${response.status} with ${JSON.stringify(errors)}.`)
    } catch (error) {
      if (Date.now() > giveUpAt) throw error
      await sleep(100)
    }
  }
}
