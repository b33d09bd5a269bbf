import type { Readable } from 'node:stream'
import type { Deps } from '../src/deps.ts'
import type { Caller } from '../src/tenancy/caller.ts'
import { type Loaders, makeLoaders } from './loaders.ts'

/** A file part of a multipart request: its name and type as the sender gave them, and its bytes as they arrive. */
export type UploadedFile = { filename: string; mimetype: string; stream: Readable }

/** The file parts of one request. `take` gives the part that a File variable stands for; each can be taken once. */
export type Uploads = { take(token: string): Promise<UploadedFile> }

/** What one execution works with. `uploads` is null where the request carried no files. */
export type Context = {
  readonly deps: Deps
  readonly caller: Caller
  readonly uploads: Uploads | null
  readonly loaders: Loaders
}

/** A context for one execution: its loaders remember what they loaded, so it must not be used for a second one. */
export function makeContext(deps: Deps, caller: Caller, uploads: Uploads | null = null): Context {
  return { deps, caller, uploads, loaders: makeLoaders(deps, caller) }
}
