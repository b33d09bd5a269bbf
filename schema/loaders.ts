import DataLoader from 'dataloader'
import { countTaskTypes, type TaskTypeCounts } from '../src/benchmarks/count-task-types.ts'
import { catalog } from '../src/catalog.ts'
import type { Deps } from '../src/deps.ts'
import { readJobPreferences, readRoundPreferences } from '../src/feedback/read-preferences.ts'
import { type ReviewProgress, readReviewProgress } from '../src/feedback/review-progress.ts'
import { type KnownModel, type ModelLoad, readModelLoads, readModels } from '../src/fleet/read-models.ts'
import type { Critique, Preference } from '../src/generated/prisma/client.ts'
import { countBatches, type StatusCounts } from '../src/jobs/count-batch.ts'
import { queuePosition } from '../src/jobs/queue-position.ts'
import { type JudgeProgress, readJudgeProgress } from '../src/judging/read-judge-progress.ts'
import type { Caller } from '../src/tenancy/caller.ts'

/** What many objects of one answer ask for, fetched with one statement each. Made anew for every execution. */
export type Loaders = {
  /** By model id. */
  readonly model: DataLoader<string, KnownModel>
  readonly modelLoad: DataLoader<string, ModelLoad>
  /** The thinker's critique by round id. */
  readonly thinkerCritique: DataLoader<string, Critique | null>
  /** By round id. */
  readonly roundPreferences: DataLoader<string, Preference[]>
  /** By job id. */
  readonly jobPreferences: DataLoader<string, Preference[]>
  /** By review queue id. */
  readonly reviewProgress: DataLoader<string, ReviewProgress>
  /** By judge run id. */
  readonly judgeProgress: DataLoader<string, JudgeProgress>
  /** By label; null: no jobs. */
  readonly batchCounts: DataLoader<string, StatusCounts | null>
  /** By the label of a benchmark's run. */
  readonly taskTypes: DataLoader<string, TaskTypeCounts[]>
  /** How many stages run, by worker id. */
  readonly workerInFlight: DataLoader<string, number>
  /** By job id. */
  readonly queuePosition: DataLoader<string, number | null>
}

/** Loaders that see what this caller may see. */
export function makeLoaders({ db, prisma }: Deps, caller: Caller): Loaders {
  return {
    model: new DataLoader(async ids => {
      const known = new Map((await readModels(db)).map(model => [model.id, model]))
      return ids.map(id => known.get(id) ?? catalog.get(id) ?? { id, kinds: [], parameters: [], maxReferences: null })
    }),
    modelLoad: new DataLoader(async ids => {
      const loads = await readModelLoads(db, ids)
      return ids.map(id => loads.get(id) ?? { isAvailable: false, capacity: 0, inFlight: 0, queued: 0 })
    }),
    thinkerCritique: new DataLoader(async ids => {
      const critiques = await prisma.critique.findMany({
        where: { roundId: { in: [...ids] }, source: 'THINKER', round: { job: { tenantId: caller.tenantId } } },
      })
      const byRound = new Map(critiques.map(critique => [critique.roundId, critique]))
      return ids.map(id => byRound.get(id) ?? null)
    }),
    roundPreferences: new DataLoader(async ids => {
      const preferences = await readRoundPreferences(db, caller.tenantId, ids)
      return ids.map(id => preferences.get(id) ?? [])
    }),
    jobPreferences: new DataLoader(async ids => {
      const preferences = await readJobPreferences(db, caller.tenantId, ids)
      return ids.map(id => preferences.get(id) ?? [])
    }),
    reviewProgress: new DataLoader(async ids => {
      const progress = await readReviewProgress(db, caller.tenantId, ids)
      return ids.map(id => progress.get(id) ?? { total: 0, done: 0, answered: 0, skipped: 0, claimed: 0 })
    }),
    judgeProgress: new DataLoader(async ids => {
      const progress = await readJudgeProgress(db, caller.tenantId, ids)
      return ids.map(id => progress.get(id) ?? new Error('There is no such judge run.'))
    }),
    workerInFlight: new DataLoader(async ids => {
      const groups = await prisma.task.groupBy({
        by: ['owner'],
        where: { state: 'LEASED', owner: { in: [...ids] } },
        _count: true,
      })
      const counts = new Map(groups.map(group => [group.owner, group._count]))
      return ids.map(id => counts.get(id) ?? 0)
    }),
    batchCounts: new DataLoader(async labels => {
      const counts = await countBatches(db, caller.tenantId, labels)
      return labels.map(label => counts.get(label) ?? null)
    }),
    taskTypes: new DataLoader(async labels => {
      const counts = await countTaskTypes(db, caller.tenantId, labels)
      return labels.map(label => counts.get(label) ?? [])
    }),
    queuePosition: new DataLoader(async ids => {
      const positions = await queuePosition(db, [...ids])
      return ids.map(id => positions.get(id) ?? null)
    }),
  }
}
