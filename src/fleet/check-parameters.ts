import type { ModelParameter } from '../catalog.ts'
import { InvalidInputError } from '../errors.ts'

/**
 * The caller's parameters for a model, checked: each is known to it, of its type and within its range. Throws
 * InvalidInputError that names the parameter. Defaults are not filled in: the model's server has them.
 */
export function checkParameters(
  parameters: readonly ModelParameter[],
  value: unknown,
  field: string,
): Record<string, unknown> {
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new InvalidInputError(field, `${field} must be an object of parameter names and values.`)
  }
  const checked: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(value)) {
    if (given === null || given === undefined) continue
    const parameter = parameters.find(candidate => candidate.name === name)
    if (!parameter) throw new InvalidInputError(`${field}.${name}`, unknownMessage(parameters, name))
    const fault = findFault(parameter, given)
    if (fault) throw new InvalidInputError(`${field}.${name}`, `${name} ${fault}.`)
    checked[name] = given
  }
  return checked
}

/** Of a job's parameters those that this model takes too, within its ranges: what it cannot follow is left out. */
export function keepParameters(
  parameters: readonly ModelParameter[],
  given: Record<string, unknown>,
): Record<string, unknown> {
  const fits = ([name, value]: [string, unknown]) => {
    const parameter = parameters.find(candidate => candidate.name === name)
    return parameter !== undefined && findFault(parameter, value) === null
  }
  return Object.fromEntries(Object.entries(given).filter(fits))
}

const MAX_TEXT = 8_000

/** What is wrong with a value of the parameter, after its name; null: nothing. */
export function findFault({ type, min, max }: ModelParameter, value: unknown): string | null {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value) ? findRangeFault(Number(value), min, max) : 'must be a whole number'
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? findRangeFault(value, min, max) : 'must be a number'
    case 'string':
      if (typeof value !== 'string') return 'must be a text'
      return value.length > MAX_TEXT ? `must have at most ${MAX_TEXT} characters` : null
    case 'boolean':
      return typeof value === 'boolean' ? null : 'must be true or false'
    default:
      return type satisfies never
  }
}

function findRangeFault(value: number, min: number | null, max: number | null): string | null {
  if (min !== null && value < min) return `must be at least ${min}`
  if (max !== null && value > max) return `must be at most ${max}`
  return null
}

function unknownMessage(parameters: readonly ModelParameter[], name: string): string {
  if (parameters.length === 0) return `This model takes no parameters, so "${name}" cannot be set.`
  return `This model has no parameter "${name}"; it takes ${parameters.map(parameter => parameter.name).join(', ')}.`
}
