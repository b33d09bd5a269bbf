import { NIL, validate } from 'uuid'

/** The types that `node` can load. */
const nodeTypes = [
  'Job',
  'Round',
  'Critique',
  'Image',
  'Endpoint',
  'Worker',
  'ApiKey',
  'Preference',
  'ReviewQueue',
  'Review',
  'Export',
  'Dataset',
  'DatasetVersion',
  'JudgeRun',
] as const
export type NodeType = (typeof nodeTypes)[number]

/** The global id of an object: `Type:uuid` in base64url, opaque to callers. */
export function encodeGlobalId(typename: string, id: string): string {
  return Buffer.from(`${typename}:${id}`).toString('base64url')
}

/** The parts of a global id; both are empty for a text that is none. */
function decodeGlobalId(globalId: string): { typename: string; id: string } {
  const text = Buffer.from(globalId, 'base64url').toString()
  const [typename = '', id = '', ...rest] = text.split(':')
  // Only our own spelling counts, so that one object has one id.
  const isOurs =
    rest.length === 0 && validate(id) && id === id.toLowerCase() && encodeGlobalId(typename, id) === globalId
  return isOurs ? { typename, id } : { typename: '', id: '' }
}

/** For `node`: the same, but a text that names no node becomes an id that no object has, as the relay plugin needs one. */
export function decodeNodeId(globalId: string): { typename: string; id: string } {
  const decoded = decodeGlobalId(globalId)
  return (nodeTypes as readonly string[]).includes(decoded.typename) ? decoded : { typename: nodeTypes[0], id: NIL }
}

/** The uuid in a global id of this type; null for any other text. */
export function toUuid(globalId: string, typename: NodeType | 'Upload'): string | null {
  const decoded = decodeGlobalId(globalId)
  return decoded.typename === typename && decoded.id !== '' ? decoded.id : null
}
