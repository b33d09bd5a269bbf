import { catalog, type ModelParameter } from '../../src/catalog.ts'
import { readModels } from '../../src/fleet/read-models.ts'
import { builder } from '../builder.ts'
import { ModelKind } from '../enums.ts'

const ModelParameterRef = builder.objectRef<ModelParameter>('ModelParameter').implement({
  description: 'A setting that a model takes in `editorParameters`.',
  fields: t => ({
    name: t.exposeString('name', { description: 'Its key in `editorParameters`.' }),
    type: t.exposeString('type', { description: '`integer`, `number`, `string` or `boolean`.' }),
    default: t.field({
      type: 'JSON',
      nullable: true,
      description: "What is used when it is left out; null: the model's own.",
      resolve: parameter => parameter.default,
    }),
    min: t.exposeFloat('min', { nullable: true, description: 'The least value, included.' }),
    max: t.exposeFloat('max', { nullable: true, description: 'The greatest value, included.' }),
    description: t.exposeString('description', { description: 'What it does.' }),
  }),
})

/** A model by its id alone; the rest is loaded when asked for, once for all models of an operation. */
export const Model = builder.objectRef<{ id: string }>('Model').implement({
  description: 'An editor or thinker, from the catalogue or served by the fleet.',
  fields: t => ({
    id: t.exposeString('id', { description: 'What jobs name it by, for example `flux-kontext-dev`. Not a global id.' }),
    name: t.string({
      description: 'What its makers call it; its id where the catalogue does not know it.',
      resolve: model => catalog.get(model.id)?.name ?? model.id,
    }),
    license: t.string({
      nullable: true,
      description: 'A note on its licence, no legal advice; null where the catalogue does not know it.',
      resolve: model => catalog.get(model.id)?.license ?? null,
    }),
    kinds: t.field({
      type: [ModelKind],
      description: 'What it can do.',
      resolve: async (model, _args, context) => (await context.loaders.model.load(model.id)).kinds,
    }),
    parameters: t.field({
      type: [ModelParameterRef],
      description: 'What it takes in `editorParameters`.',
      resolve: async (model, _args, context) => (await context.loaders.model.load(model.id)).parameters,
    }),
    maxReferences: t.int({
      nullable: true,
      description: 'How many `referenceIds` a job may give it beside the source; null: no limit is known.',
      resolve: async (model, _args, context) => (await context.loaders.model.load(model.id)).maxReferences,
    }),
    isAvailable: t.boolean({
      description: 'Whether a worker drives a server of it now. Jobs for an unavailable model wait.',
      resolve: async (model, _args, context) => (await context.loaders.modelLoad.load(model.id)).isAvailable,
    }),
    capacity: t.int({
      description: 'How many calls the fleet can run at once.',
      resolve: async (model, _args, context) => (await context.loaders.modelLoad.load(model.id)).capacity,
    }),
    inFlight: t.int({
      description: "How many stages run now, all tenants' together.",
      resolve: async (model, _args, context) => (await context.loaders.modelLoad.load(model.id)).inFlight,
    }),
    queued: t.int({
      description: "How many stages wait, all tenants' together.",
      resolve: async (model, _args, context) => (await context.loaders.modelLoad.load(model.id)).queued,
    }),
  }),
})

builder.queryField('models', t =>
  t.field({
    type: [Model],
    description:
      'The models a job may name: what the fleet has ever served, in its order, then the rest of the catalogue.',
    args: { kind: t.arg({ type: ModelKind, description: 'Only those that can do this.' }) },
    resolve: async (_root, { kind }, context) => {
      const models = await readModels(context.deps.db)
      for (const model of models) context.loaders.model.prime(model.id, model)
      return models.filter(model => !kind || model.kinds.includes(kind))
    },
  }),
)
