// How well a fleet of model servers is used: jobs of 1 to 4 rounds over real HTTP, from their submit to the last one's
// end, beside the bound that no schedule can beat and beside the same house with a queue in plain order of arrival. The
// servers, the workers and this script are processes of their own and share the machine's cores.
// Run: npx tsx bench/fleet.ts [--only batch,busy,hung,steady,many,large] [--small]

import { parseArgs } from 'node:util'
import { storePicture } from '../src/images/store-image.ts'
import { loadLocalCaller } from '../src/tenancy/find-caller.ts'
import { openFleetHouse } from './support/fleet-house.ts'
import { type FleetRun, type Order, runJobs } from './support/fleet-run.ts'
import { findBound, type Scenario, scenarios, smallScenario } from './support/fleet-scenarios.ts'
import { makePictures } from './support/instant-engines.ts'
import { openBenchDeps } from './support/open-bench-deps.ts'
import { percentile } from './support/percentile.ts'
import { printRow, printTitle } from './support/report.ts'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, small: { type: 'boolean', default: false } },
})
const names = values.only === '' ? Object.keys(scenarios) : values.only.split(',')
const unknown = names.find(name => !scenarios[name])
if (unknown) throw new Error(`There is no scenario "${unknown}"; there are ${Object.keys(scenarios).join(', ')}.`)
const chosen = values.small ? [smallScenario] : names.flatMap(name => scenarios[name] ?? [])

const { deps, url: databaseUrl, close } = await openBenchDeps()
const { db, images, config } = deps
const { tenantId } = await loadLocalCaller(db)

type Run = FleetRun & { counts: string; isOver: boolean }

async function run(scenario: Scenario, order: Order): Promise<Run> {
  const { workers, thinkerSlots, servers, jobs, title } = scenario
  const options = { databaseUrl, dataDir: config.dataDir, workers, thinkerSlots, servers }
  const house = await openFleetHouse(db, options)
  const paint = await makePictures(servers.sizePx)
  const source = await storePicture(images, tenantId, paint())
  const result = await runJobs(db, { tenantId, sourceId: source.id, jobs, order, label: `${title} ${order}` })
  const { editors, thinkers } = await house.count()
  await house.close()
  const over = [
    ...editors.filter(({ maxInFlight }) => maxInFlight > 1),
    ...thinkers.filter(({ maxInFlight }) => maxInFlight > thinkerSlots),
  ]
  const sum = (key: 'calls' | 'busy' | 'aborted') => [...editors, ...thinkers].reduce((all, each) => all + each[key], 0)
  const gapMs = percentile(
    editors.flatMap(({ gapsMs }) => gapsMs),
    0.5,
  )
  const calls = `${sum('calls')} calls, ${sum('busy')} answered 503, ${sum('aborted')} cut`
  const counts = `${calls}; ${over.length} saw more at once than they take; an editor waits ${gapMs.toFixed(0)} ms for its next (median)`
  // Where calls were cut, a server may hear of the next one before it hears that the socket of the last is closed.
  return { ...result, counts, isOver: over.length > 0 && sum('aborted') === 0 }
}

function show(scenario: Scenario, { makespan, latencies, faults }: FleetRun): string {
  const bound = findBound(scenario)
  const mean = latencies.reduce((sum, seconds) => sum + seconds, 0) / latencies.length
  const cells = [`bound ${bound.toFixed(1)} s`, `makespan ${makespan.toFixed(1)} s`]
  cells.push(`ratio ${(bound / makespan).toFixed(3)}`)
  cells.push(
    `a job: mean ${mean.toFixed(1)} s, p95 ${percentile(latencies, 0.95).toFixed(1)} s`,
    `${faults} wrong jobs`,
  )
  return cells.join('   ')
}

for (const scenario of chosen) {
  const ours = await run(scenario, 'turns')
  const theirs = scenario.hasBaseline ? await run(scenario, 'fifo') : null
  printTitle(`Fleet: ${scenario.title}`)
  printRow('Pentimento', show(scenario, ours))
  if (theirs) printRow('plain FIFO', show(scenario, theirs))
  if (scenario.target !== null) printRow('meant to reach', `ratio ${scenario.target}`)
  printRow('servers', `${ours.counts}; the longest stage took ${ours.longestAttempt.toFixed(1)} s`)
  // Speed is for the reader to judge; a job that was lost, doubled or failed is not.
  if ([ours, ...(theirs ? [theirs] : [])].some(({ faults, isOver }) => faults > 0 || isOver)) process.exitCode = 1
}
await close()
