import { extensionOf } from '../storage/object-key.ts'

/** Where a picture lies in an export, by its content; trajectory-record.ts says the same in SQL. */
export function picturePath({ sha256, contentType }: { sha256: string; contentType: string }): string {
  return `images/${sha256.slice(0, 2)}/${sha256}.${extensionOf(contentType) ?? 'png'}`
}
