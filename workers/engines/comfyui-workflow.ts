// A workflow in ComfyUI's API format: nodes by id, whose inputs are values or links [node id, slot]. A binding names the
// inputs that a request fills in: "10.inputs.image", by the node's id or by its title.

import { z } from 'zod'

const nodeSchema = z.looseObject({
  class_type: z.string().min(1),
  inputs: z.record(z.string(), z.unknown()),
  _meta: z.looseObject({ title: z.string().optional() }).optional(),
})

/** Nodes by id, as exported with "Export (API)". */
export type ComfyWorkflow = Readonly<Record<string, z.infer<typeof nodeSchema>>>

/** One input of one node. */
export type ComfyInput = { node: string; input: string }

/** What a workflow is given, each by the inputs it goes to; `references` one by one. The node whose picture is the answer. */
export type ComfyBindings = {
  fields: Readonly<Record<string, readonly ComfyInput[]>>
  references: readonly ComfyInput[]
  output: string
}

/** The workflow in the text, or what is wrong with it, all at once. */
export function parseWorkflow(text: string): { workflow: ComfyWorkflow } | { problems: string[] } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problems: [`is no JSON (line ${lineOf(text, error)})`] }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problems: ['holds no workflow'] }
  if ('nodes' in value && 'links' in value) {
    return { problems: ["is saved in the editor's own format; export it with Export (API)"] }
  }
  const nodes = Object.entries(value).map(([id, node]) => ({ id, read: nodeSchema.safeParse(node) }))
  if (nodes.length === 0) return { problems: ['holds no node'] }
  const faulty = nodes.flatMap(({ id, read }) => (read.success ? [] : [`has no class_type and inputs in node ${id}`]))
  if (faulty.length > 0) return { problems: faulty }
  const workflow = Object.fromEntries(nodes.flatMap(({ id, read }) => (read.success ? [[id, read.data] as const] : [])))
  const dangling = Object.entries(workflow).flatMap(([id, { inputs }]) =>
    Object.entries(inputs).flatMap(([name, input]) =>
      isLink(input) && !(input[0] in workflow)
        ? [`links ${id}.inputs.${name} to node ${input[0]}, which is not there`]
        : [],
    ),
  )
  return dangling.length > 0 ? { problems: dangling } : { workflow }
}

/** The input that a binding names; a text: why there is none that could be filled in. */
export function findInput(workflow: ComfyWorkflow, binding: string): ComfyInput | string {
  const parts = /^(.+)\.inputs\.([^.]+)$/.exec(binding)
  if (!parts) return 'must be of the form NODE.inputs.NAME'
  const [, name = '', input = ''] = parts
  const node = findNode(workflow, name)
  if ('problem' in node) return node.problem
  const inputs = workflow[node.id]?.inputs ?? {}
  if (!(input in inputs)) return `names no input of node ${node.id}; it has ${Object.keys(inputs).join(', ')}`
  if (isLink(inputs[input])) return `names an input of node ${node.id} that another node feeds`
  return { node: node.id, input }
}

/** The node by its id or its title. */
export function findNode(workflow: ComfyWorkflow, name: string): { id: string } | { problem: string } {
  if (name in workflow) return { id: name }
  const titled = Object.entries(workflow).filter(([, { _meta }]) => _meta?.title === name)
  if (titled.length > 1) return { problem: `names ${titled.length} nodes of the title "${name}"; give the node's id` }
  const id = titled[0]?.[0]
  return id === undefined ? { problem: `names no node: there is no id and no title "${name}"` } : { id }
}

/** The value that the workflow has where nothing else is said. */
export function valueAt(workflow: ComfyWorkflow, { node, input }: ComfyInput): unknown {
  return workflow[node]?.inputs[input]
}

/** A copy with these inputs filled in. */
export function fillWorkflow(
  workflow: ComfyWorkflow,
  values: readonly (ComfyInput & { value: unknown })[],
): Record<string, z.infer<typeof nodeSchema>> {
  const filled = structuredClone(workflow) as Record<string, z.infer<typeof nodeSchema>> // a copy is our own to change
  for (const { node, input, value } of values) {
    const { inputs } = filled[node] ?? {}
    if (inputs) inputs[input] = value
  }
  return filled
}

function isLink(value: unknown): value is [string, number] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'number'
}

function lineOf(text: string, error: unknown): number {
  const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
  return text.slice(0, at === undefined ? text.length : Number(at)).split('\n').length
}
