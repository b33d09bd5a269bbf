import { DatasetExistsError, DatasetLimitError } from '../../src/datasets/errors.ts'
import { builder } from '../builder.ts'
import { ErrorInterface } from '../errors.ts'

builder.objectType(DatasetExistsError, {
  name: 'DatasetExistsError',
  description: 'The tenant has a dataset of this name already.',
  interfaces: [ErrorInterface],
  fields: t => ({ datasetName: t.exposeString('datasetName', { description: 'The name.' }) }),
})

builder.objectType(DatasetLimitError, {
  name: 'DatasetLimitError',
  description: 'There are as many datasets, versions or versions being built as there may be.',
  interfaces: [ErrorInterface],
  fields: t => ({ limit: t.exposeInt('limit', { description: 'How many there may be.' }) }),
})
