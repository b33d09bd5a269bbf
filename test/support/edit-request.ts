import type { EditRequest } from '../../workers/engines/engine.ts'

/** A request for one picture, with nothing in it but what is given. */
export function editRequest(given: Partial<EditRequest> = {}): EditRequest {
  return { prompt: '', source: null, mask: null, references: [], size: null, seed: 1, parameters: {}, ...given }
}
