import type { Sink } from '../export-format.ts'

/** Writes values as one JSON array, a line each, so that a file needs no memory however long it is. */
export function writeJsonArray(sink: Sink): {
  add(value: unknown): Promise<void>
  byteSize(): number
  end(): Promise<void>
} {
  let bytes = 0
  const write = async (text: string) => {
    const encoded = Buffer.from(text)
    bytes += encoded.length
    await sink.write(encoded)
  }
  return {
    add: value => write(`${bytes === 0 ? '[' : ','}\n${JSON.stringify(value)}`),
    byteSize: () => bytes,
    end: () => write(bytes === 0 ? '[]\n' : '\n]\n'),
  }
}
