// graphql-upload documents its types in JSDoc only; these are the parts that are used.

declare module 'graphql-upload/processRequest.mjs' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  /** Rejects with an http-errors error that has `status`. */
  function processRequest(
    request: IncomingMessage,
    response: ServerResponse,
    options: { maxFieldSize: number; maxFileSize: number; maxFiles: number },
  ): Promise<Record<string, unknown> | unknown[]>

  // biome-ignore lint/style/noDefaultExport: the package has no named one
  export { processRequest as default }
}

declare module 'graphql-upload/Upload.mjs' {
  import type { Readable } from 'node:stream'

  class Upload {
    promise: Promise<{ filename: string; mimetype: string; createReadStream(): Readable }>
  }

  // biome-ignore lint/style/noDefaultExport: the package has no named one
  export { Upload as default }
}
