import type { ChosenSample, Pipeline } from '../recipe.ts'
import { makeFunnel } from './funnel.ts'

/** Each trajectory is a sample. */
export function plain(): Pipeline {
  const funnel = makeFunnel([{ id: 'matched', name: 'match the filter', unit: 'trajectories', reason: null }])
  const samples: ChosenSample[] = []
  return {
    add({ jobId, splitKey }) {
      funnel.pass('matched')
      samples.push({ jobId, splitKey, roundId: null, rejectedId: null, critiqueId: null, facts: null })
    },
    finish: () => ({ samples, funnel: funnel.lines() }),
  }
}
