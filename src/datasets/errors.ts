import { DomainError } from '../errors.ts'

/** The tenant has a dataset of this name already. */
export class DatasetExistsError extends DomainError {
  readonly datasetName: string
  constructor(datasetName: string) {
    super('DATASET_EXISTS', `There is already a dataset "${datasetName}": add a version to it, or choose another name.`)
    this.datasetName = datasetName
  }
}

/** A dataset or its tenant has as many of something as it may have. */
export class DatasetLimitError extends DomainError {
  readonly limit: number
  constructor(message: string, limit: number) {
    super('DATASET_LIMIT', message)
    this.limit = limit
  }
}
