import { catalog, type ModelParameter } from '../../src/catalog.ts'

/**
 * What an engine's servers take, with the default, range and words that the catalogue has for this very model. A model
 * that it does not know, or a parameter it does not list, stays as the engine has it.
 */
export function withCatalog(modelId: string, known: readonly ModelParameter[]): readonly ModelParameter[] {
  const own = new Map(catalog.get(modelId)?.parameters.map(parameter => [parameter.name, parameter]))
  return known.map(parameter => own.get(parameter.name) ?? parameter)
}
