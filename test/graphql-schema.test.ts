import { readFileSync } from 'node:fs'
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
} from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../schema/index.ts'

const types = Object.values(schema.getTypeMap()).filter(type => !isIntrospectionType(type))

test('the committed schema.graphql is the one that is served', () => {
  const committed = readFileSync(new URL('../schema/schema.graphql', import.meta.url), 'utf8')
  expect(committed).toBe(`${printSchema(lexicographicSortSchema(schema))}\n`)
})

test('every type, field, argument and enum value is described', () => {
  const bare: string[] = []
  const note = (name: string, { description }: { description?: string | null | undefined }) => {
    if (!description) bare.push(name)
  }
  for (const type of types) {
    note(type.name, type)
    if (isEnumType(type)) for (const value of type.getValues()) note(`${type.name}.${value.name}`, value)
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue
    for (const field of Object.values(type.getFields())) {
      note(`${type.name}.${field.name}`, field)
      if ('args' in field) for (const arg of field.args) note(`${type.name}.${field.name}(${arg.name})`, arg)
    }
  }
  expect(bare).toEqual([])
})

test("a mutation's result is a union of its success and errors that implement Error", () => {
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {})
  expect(mutations.length).toBeGreaterThan(10)
  for (const { name, type } of mutations) {
    const stem = name.charAt(0).toUpperCase() + name.slice(1)
    expect(String(type)).toBe(`${stem}Result!`)
    const union = schema.getType(`${stem}Result`)
    if (!isUnionType(union)) throw new Error(`${stem}Result is no union.`)
    const [successes, errors] = [true, false].map(isSuccess =>
      union.getTypes().filter(member => (member.name === `${stem}Success`) === isSuccess),
    )
    expect(successes).toHaveLength(1)
    expect(errors?.length).toBeGreaterThan(0)
    for (const error of errors ?? []) expect(error.getInterfaces().map(String)).toEqual(['Error'])
  }
})
