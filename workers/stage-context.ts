import type { Logger } from 'pino'
import type { Db } from '../src/db.ts'
import type { ImageDeps } from '../src/images/image-row.ts'
import type { Recorded } from '../src/jobs/end-stage.ts'
import type { StageInput } from '../src/jobs/start-stage.ts'
import type { ClaimedTask } from '../src/queue/task.ts'
import type { PoolEndpoint } from './pool-endpoint.ts'
import type { PicturePreparer } from './prepare-picture.ts'

/** What every stage of one process works with. */
export type StageDeps = {
  db: Db
  images: ImageDeps
  prepare: PicturePreparer
  log: Logger
}

/** One stage about to make its call. */
export type StageContext<Input = StageInput> = StageDeps & {
  task: ClaimedTask
  input: Input
  endpoint: PoolEndpoint
  /** How long the call may take, as far as is known now. */
  deadlineMs: () => number
}

/** A call that was answered. `record` writes what came of it and may be called again after an outage. */
export type StageResult = { seconds: number; record: () => Promise<Recorded> }
